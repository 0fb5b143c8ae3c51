#pragma once

#include <Poco/Crypto/X509Certificate.h>
#include <Poco/Net/Context.h>

#include <string>

struct x509_store_ctx_st;

namespace connector {

/// TLS as a client who knows the one certificate that the server must show: the names in it, who signed it
/// and for how long it is valid don't matter.
class PinnedTls {
  public:
    /// certificateFile: PEM, the server's certificate in front. Throws TlsError.
    explicit PinnedTls(const std::string& certificateFile);

    PinnedTls(const PinnedTls&) = delete;
    PinnedTls& operator=(const PinnedTls&) = delete;

    /// For connections that end before this object.
    Poco::Net::Context::Ptr context() const { return _context; }

    /// Lets other certificates pass, too: for what is no secret, and may come from anybody.
    void acceptOthers() { _acceptsOthers = true; }

    /// Whether a server has shown another certificate, which has failed its handshake.
    bool sawAnother() const { return _sawAnother; }

  private:
    static int verify(x509_store_ctx_st* chain, void* self);

    Poco::Crypto::X509Certificate _certificate;
    Poco::Net::Context::Ptr _context;
    bool _acceptsOthers = false;
    bool _sawAnother = false;
};

} // namespace connector
