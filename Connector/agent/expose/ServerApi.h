#pragma once

#include "agent/expose/ExposeSettings.h"
#include "cli/ApiClient.h"

#include <Poco/Net/Context.h>

#include <memory>

struct x509_store_ctx_st;

namespace connector {

/// The API of a Connector somewhere, called with a token; its certificate must be for the name or address
/// that it is called by, and signed by a CA that is trusted.
class ServerApi final : public ApiClient {
  public:
    /// Throws TlsError for CA certificates that can't be used.
    explicit ServerApi(const ExposeSettings& settings);
    ~ServerApi() override;

  private:
    static int verify(x509_store_ctx_st* chain, void* self);
    std::unique_ptr<Poco::Net::HTTPClientSession> sessionFor(const ExposeSettings& settings);
    Poco::Net::Context::Ptr contextFor(const std::string& host, const std::string& trusted);
    CommandError connectionFailure(const Poco::Exception& error) const override;
    std::string helpWith(int status) const override;

    const bool _hasToken;
    const std::optional<HttpProxy> _proxy;
    Poco::Net::Context::Ptr _tls;
    std::string _distrust; ///< what is wrong with the certificate; empty: nothing
};

} // namespace connector
