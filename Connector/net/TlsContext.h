#pragma once

#include <Poco/Net/Context.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

struct ssl_st;

namespace connector {

class OcspResponse;

/// A certificate, key or CA file that can't be used; what() names the file and says what is wrong with it.
class TlsError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The server's certificate chain and key, loaded from PEM files, and what the CA says about the certificate
/// (OCSP); replaceable while connections are open. Thread safe. Must outlive the contexts made from it.
class TlsCredentials {
  public:
    /// ocspFile: a response in DER, to be stapled; "" for none. former: those that these are to replace, or
    /// null; a response about the certificate that theirs is about is no error then, as a renewal must not
    /// fail for want of a new one, and is not shown. Throws TlsError when a file can't be read, is not PEM,
    /// is encrypted, or the key is not the certificate's; and as OcspResponse does.
    TlsCredentials(const std::string& certificateFile, const std::string& keyFile,
                   const std::string& ocspFile = "", const TlsCredentials* former = nullptr);
    ~TlsCredentials();

    TlsCredentials(const TlsCredentials&) = delete;
    TlsCredentials& operator=(const TlsCredentials&) = delete;

    /// Becomes like these, for handshakes that start from now on.
    void replace(const TlsCredentials& renewed);

    /// Until when the current certificate is valid, in seconds since 1970.
    std::int64_t notAfter() const;

    /// Puts the current pair into one connection, during its handshake. False when OpenSSL refuses it.
    bool applyTo(ssl_st* connection) const;

    /// Shows the OCSP response to a client that has asked for it. False when there is none that is about the
    /// connection's certificate and has not expired. What clients will take offence at is logged once a day
    /// at the most.
    bool stapleTo(ssl_st* connection) const;

  private:
    struct Loaded;

    std::shared_ptr<const Loaded> current() const;
    void complain(const std::string& complaint) const;

    mutable std::mutex _mutex;
    std::shared_ptr<const Loaded> _current;
    std::shared_ptr<const OcspResponse> _ocsp;
    mutable std::atomic<std::int64_t> _complainedAt; ///< seconds of the steady clock
};

/// A server's context: Mozilla's intermediate profile (TLS 1.2 and 1.3, ECDHE with AES-GCM or ChaCha20), with
/// the server's preference; no renegotiation, sessions resumed with tickets, credentials asked for at each
/// handshake, OCSP stapling, ALPN for connections that have AlpnProtocols. clientCaFile: when not empty, a
/// client may show a certificate, and one that this CA did not sign fails the handshake; nothing is resumed
/// then, so that each connection proves anew that the certificate is valid. Throws TlsError.
Poco::Net::Context::Ptr makeServerContext(const TlsCredentials& credentials,
                                          const std::string& clientCaFile = "");

/// A client's context: TLS 1.2 and 1.3; the server's certificate must be signed by one of the PEM
/// certificates in `trusted`, or by the system's CAs when `trusted` is empty. Throws TlsError.
Poco::Net::Context::Ptr makeClientContext(const std::string& trusted);

} // namespace connector
