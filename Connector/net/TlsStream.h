#pragma once

#include "net/AlpnProtocols.h"
#include "net/ReadAhead.h"
#include "net/SocketStream.h"

#include <memory>
#include <openssl/ssl.h>

namespace connector {

/// A stream over TLS.
///
/// Poco::Net::Context sets TLS up, but the records are read with OpenSSL itself: PIPE/1 needs to see where
/// one record ends, a relay needs half-close and results without exceptions, and Poco's SecureStreamSocket
/// gives none of the three. An end without close_notify counts as an end: many agents and most HTTP clients
/// leave it out.
///
/// OpenSSL reaches the socket through a BIO of this class, so that many records cost one system call, both
/// ways, and asking in vain costs none.
class TlsStream : public SocketStream {
  public:
    /// Server side. The context must have been made by makeServerContext(). alpn: what the handshake may
    /// select, or null. A client that says nothing costs no memory for TLS, and no time.
    TlsStream(Descriptor socket, const Poco::Net::SocketAddress& peer, DescriptorBudget::Lease lease,
              SSL_CTX* context, std::shared_ptr<const AlpnProtocols> alpn = nullptr);

    /// Client side: the handshake fails unless the server's certificate is good for `host`, a name or an
    /// address. resume: a session from session() of an earlier stream to the same server, or null. alpn: what
    /// it offers, or null. Throws std::bad_alloc when OpenSSL has no memory for it, too.
    TlsStream(Descriptor socket, const Poco::Net::SocketAddress& peer, SSL_CTX* context,
              const std::string& host, SSL_SESSION* resume, const AlpnProtocols* alpn = nullptr);

    Status handshake() override;
    bool hasHandshake() const override { return true; }
    using SocketStream::send;
    Status send(std::span<const std::byte> bytes) override;
    Status sendBoth(std::span<const std::byte> head, std::span<const std::byte> tail) override;
    Status sendMessages(std::span<const std::byte> bytes, std::span<const std::uint32_t> lengths) override;
    Received receive(std::span<std::byte> into) override;
    Status endSending() override;
    bool hasUnread() override;
    std::string failure() const override;

    /// The session as it is now, for resuming it later; only after the handshake. A copy: OpenSSL spoils the
    /// session of a connection that ends without close_notify.
    std::shared_ptr<SSL_SESSION> session() const;

    /// SHA-256 of the certificate that the peer has shown, in lower-case hexadecimal; "" when it has
    /// shown none, or its certificate has expired meanwhile. After the handshake.
    std::string certificateFingerprint() const;

    /// Whether it was made with this context.
    bool isOf(const SSL_CTX* context) const { return ::SSL_get_SSL_CTX(_ssl.get()) == context; }

  private:
    struct Free {
        void operator()(SSL* ssl) const { ::SSL_free(ssl); }
        void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
    };

    static BIO_METHOD* bioMethod();
    static int bioRead(BIO* bio, char* into, int size);
    static int bioWrite(BIO* bio, const char* bytes, int size);
    static long bioControl(BIO* bio, int command, long number, void* pointer);

    Status awaitClient();
    void makeSsl(SSL_CTX* context);
    void expect(const std::string& host);
    int outOfMemory();
    int takeReceived(std::span<std::byte> into);
    Status seal(std::span<const std::byte> bytes);
    Status sendSealed();
    Status sendAllSealed();
    Received notDone(int result);

    bool _wireHasEnded = false;                 // first, as it fits behind the flags of SocketStream
    std::shared_ptr<const AlpnProtocols> _alpn; ///< what _ssl may select
    std::unique_ptr<SSL_CTX, Free> _context;    ///< of _ssl, until that is made
    std::unique_ptr<SSL, Free> _ssl;            ///< null until the client has said something
    ReadAhead _received;
    unsigned long _tlsError = 0; ///< the handshake or a record was wrong: OpenSSL's code
};

} // namespace connector
