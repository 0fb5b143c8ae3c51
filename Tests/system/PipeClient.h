#pragma once

#include "ByteChannel.h"
#include "TlsSettings.h"

#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace connector::test {

/// How a PipeClient connects.
struct ConnectOptions {
    /// null: plain TCP.
    std::shared_ptr<const TlsSettings> tls{};
    /// A session to resume.
    std::shared_ptr<SSL_SESSION> session{};
    /// SO_RCVBUF and SO_SNDBUF; 0 leaves them to the kernel.
    int bufferSize = 0;
    /// The source address; empty leaves it to the kernel.
    std::string from{};
    /// The name that TLS asks for (SNI); empty for none.
    std::string serverName{};
    /// What it says before everything else, TLS included, as it is.
    std::string preface{};
};

/// A blocking client of one port, plain TCP or TLS: an agent, a visitor or a stranger.
class PipeClient : public ByteChannel {
  public:
    /// Connects, and shakes hands in TLS. Throws ConnectionLost when either is refused.
    explicit PipeClient(const Poco::Net::SocketAddress& address, const ConnectOptions& options = {});
    /// Takes over a connection that was accepted: the test is the server then.
    explicit PipeClient(const Poco::Net::StreamSocket& accepted);
    ~PipeClient() override;
    PipeClient(PipeClient&& other) noexcept;
    PipeClient& operator=(PipeClient&& other) noexcept;

    /// Sends everything; in TLS as one record when it is at most 16 KiB. Throws ConnectionLost.
    void send(std::string_view data) override;

    /// Sends a byte as TCP's urgent data; not in TLS.
    void sendUrgent(char byte);

    /// Of a record of its own in TLS: sends the first half, and returns what is left for sendRaw().
    std::string sendFirstHalf(std::string_view data);
    /// Sends bytes as they are, below TLS.
    void sendRaw(std::string_view bytes);

    std::size_t sendSome(std::string_view data) override;

    /// Sends what is left of what sendSome() took: a TLS record that was begun must be finished.
    void flush();

    /// The same without waiting at all. What it has not returned must be offered again, as it was.
    std::size_t sendNow(std::string_view data);
    /// Whether what sendSome() or sendNow() took is still to be flushed; in TLS only.
    bool hasUnsent() const { return !_unfinishedRecord.empty(); }

    std::size_t receive(char* buffer, std::size_t size) override;
    /// The same without waiting: nothing when there is neither a byte nor the end.
    std::optional<std::size_t> receiveNow(char* buffer, std::size_t size);

    bool isQuiet() override;
    End end() const override { return _end; }
    void finishSending() override;

    /// For poll(); it stays the client's.
    int descriptor() const { return _descriptor; }

    /// Orderly close.
    void close();

    /// Close with RST, as a process that dies with unread data.
    void abort();

    /// Returns when the server has read all that was sent so far, so that what is sent next is a read of its
    /// own there. Only the kernel knows: it asks for the server's receive queue.
    void waitUntilRead() const;

    bool wasResumed() const { return SSL_session_reused(_ssl.get()) == 1; }
    std::shared_ptr<SSL_SESSION> session() const;
    std::string serverCommonName() const;
    /// As OpenSSL calls them: "ECDHE-RSA-AES128-GCM-SHA256", "X25519".
    std::string suite() const;
    std::string group() const;
    /// The OCSP response that came with the certificate; "" for none.
    std::string ocspResponse() const;
    /// What the server has selected of the protocols that were offered (ALPN); "" for none.
    std::string selectedProtocol() const;
    std::uint16_t localPort() const;

  private:
    /// What one non-blocking attempt has come to.
    struct Step {
        std::size_t bytes = 0;
        short waitFor = 0;
        End end = End::Open;
    };
    struct FreeSsl {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    void connectTo(const Poco::Net::SocketAddress& address, const ConnectOptions& options);
    void shakeHands(const ConnectOptions& options);
    Step tryReceive(char* buffer, std::size_t size);
    Step trySend(std::string_view data);
    Step tryFlush();
    Step tlsStep(int result) const;
    bool tryCloseNotify();
    void skipTickets();
    bool isReady(short events, const Deadline& deadline) const;
    void waitFor(short events, const Deadline& deadline) const;
    void closeDescriptor();

    int _descriptor = -1;
    std::uint16_t _serverPort = 0;
    std::unique_ptr<SSL, FreeSsl> _ssl;
    /// A record that OpenSSL has begun to write: it must be offered again as it was.
    std::string _unfinishedRecord;
    std::unique_ptr<std::mutex> _mutex = std::make_unique<std::mutex>();
    End _end = End::Open;
};

} // namespace connector::test
