#pragma once

#include "Certificates.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <openssl/ssl.h>

namespace connector::test {

/// A TLS client's settings, shared by the connections that are made with them.
class TlsSettings {
  public:
    struct Options {
        /// The CA whose certificates are believed.
        std::string trustedFile;
        /// One of OpenSSL's version numbers, for exactly that version; 0 for all that OpenSSL offers.
        int onlyVersion = 0;
        /// Suites of TLS 1.2 and groups to offer, as OpenSSL writes them; empty for OpenSSL's own.
        std::string suites{};
        std::string groups{};
        /// Whether session tickets are taken (RFC 5077); TLS 1.2 can be resumed without them, too.
        bool takesTickets = true;
        /// Whether to ask for a stapled OCSP response.
        bool wantsOcsp = false;
        /// Shown to a server that asks.
        std::optional<KeyPair> clientCertificate{};
        /// Protocols to offer (ALPN); without any, the extension is left out.
        std::vector<std::string> alpn{};
    };

    explicit TlsSettings(const Options& options);

    SSL_CTX* context() const { return _context.get(); }

  private:
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, Free> _context;
};

/// What OpenSSL has to say about the last failure on this thread.
std::string openSslError();

} // namespace connector::test
