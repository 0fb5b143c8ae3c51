#pragma once

#include <Poco/Net/Context.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

struct ssl_st;

namespace connector {

/// A certificate, key or CA file that can't be used; what() names the file and says what is wrong with it.
class TlsError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The server's certificate chain and key, loaded from PEM files and replaceable while connections are open.
/// Thread safe. Must outlive the contexts made from it.
class TlsCredentials {
  public:
    /// Throws TlsError when a file can't be read, is not PEM, is encrypted, or the key is not the
    /// certificate's.
    TlsCredentials(std::string certificateFile, std::string keyFile);
    ~TlsCredentials();

    TlsCredentials(const TlsCredentials&) = delete;
    TlsCredentials& operator=(const TlsCredentials&) = delete;

    /// Reads both files again; handshakes that start from now on use them. Throws TlsError and keeps the old
    /// pair.
    void reload();

    /// Puts the current pair into one connection, during its handshake. False when OpenSSL refuses it.
    bool applyTo(ssl_st* connection) const;

  private:
    struct Loaded;

    std::string _certificateFile;
    std::string _keyFile;
    mutable std::mutex _mutex;
    std::shared_ptr<const Loaded> _current;
};

/// A server's context: TLS 1.2 and 1.3, session resumption, no renegotiation, credentials asked for at each
/// handshake, ALPN for connections that have AlpnProtocols. clientCaFile: when not empty, a client may show a
/// certificate, and one that this CA did not sign fails the handshake. Throws TlsError.
Poco::Net::Context::Ptr makeServerContext(const TlsCredentials& credentials,
                                          const std::string& clientCaFile = "");

/// A client's context: TLS 1.2 and 1.3; the server's certificate must be signed by one of the PEM
/// certificates in `trusted`, or by the system's CAs when `trusted` is empty. Throws TlsError.
Poco::Net::Context::Ptr makeClientContext(const std::string& trusted);

} // namespace connector
