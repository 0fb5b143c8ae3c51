#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <string>

namespace bench {

/// TLS settings of one side of the generator, and as a client the latest session it was given, which its next
/// connection resumes. On one thread.
class Tls {
  public:
    /// A client, which believes any certificate: what is measured is on this machine.
    Tls();

    /// A server. Throws std::runtime_error when the files can't be used.
    Tls(const std::string& certificateFile, const std::string& keyFile);

    /// A client's connections ask for this name from now on (SNI); "" is none.
    void askFor(const std::string& serverName) { _serverName = serverName; }

    /// A connection of it, in the caller's ownership.
    SSL* connection(int descriptor);

    /// Handshakes of clients that were done in full, as they had no session to resume.
    int fullHandshakes = 0;

  private:
    static int onSession(SSL* connection, SSL_SESSION* session);

    struct Free {
        void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
        void operator()(SSL_SESSION* session) const { ::SSL_SESSION_free(session); }
    };
    std::unique_ptr<SSL_CTX, Free> _context;
    bool _isServer;
    std::string _serverName;
    std::unique_ptr<SSL_SESSION, Free> _session;
};

} // namespace bench
