#include "agent/expose/ServerApi.h"

#include "agent/proxy/ProxiedSession.h"
#include "net/TlsContext.h"

#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Util/Application.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace connector {

using Poco::Util::Application;

namespace {

/// What helps where a proxy doesn't connect.
constexpr const char* kProxyHelp =
    "; https_proxy in the environment names it, as http://USER:PASSWORD@HOST:PORT, "
    "and no_proxy hosts that are reached without it";

} // namespace

ServerApi::ServerApi(const ExposeSettings& settings)
    : _hasToken(!settings.token.empty()), _proxy(settings.proxy) {
    use(sessionFor(settings), settings.server.getScheme() + "://" + settings.server.getAuthority(),
        settings.token);
}

ServerApi::~ServerApi() {
    disconnect();
}

std::unique_ptr<Poco::Net::HTTPClientSession> ServerApi::sessionFor(const ExposeSettings& settings) {
    const auto& host = settings.server.getHost();
    const auto port = settings.server.getPort();
    if (!settings.isPlain()) _tls = contextFor(host, settings.trusted);
    if (_proxy) return std::make_unique<ProxiedSession>(settings.server, *_proxy, _tls);
    if (!_tls) return std::make_unique<Poco::Net::HTTPClientSession>(host, port);
    return std::make_unique<Poco::Net::HTTPSClientSession>(host, port, _tls);
}

Poco::Net::Context::Ptr ServerApi::contextFor(const std::string& host, const std::string& trusted) {
    auto context = makeClientContext(trusted);
    auto* wanted = ::SSL_CTX_get0_param(context->sslContext());
    if (::X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1)
        ::X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size());
    ::SSL_CTX_set_cert_verify_callback(context->sslContext(), &ServerApi::verify, this);
    return context;
}

/// What OpenSSL would do anyway, and why it says no.
int ServerApi::verify(x509_store_ctx_st* chain, void* self) {
    const bool isGood = ::X509_verify_cert(chain) == 1;
    static_cast<ServerApi*>(self)->_distrust =
        isGood ? "" : ::X509_verify_cert_error_string(::X509_STORE_CTX_get_error(chain));
    return isGood ? 1 : 0;
}

CommandError ServerApi::connectionFailure(const Poco::Exception& error) const {
    if (!_distrust.empty())
        return {
            Application::EXIT_PROTOCOL,
            "the certificate of " + url() + " is not trusted: " + _distrust +
                "; it must be for the name in --server, and signed by a CA of this machine or of --ca=FILE"};
    if (dynamic_cast<const ProxyFailure*>(&error))
        return {Application::EXIT_UNAVAILABLE, error.message() + kProxyHelp};
    const auto way = _proxy ? " through the proxy " + _proxy->name() : "";
    return {Application::EXIT_UNAVAILABLE,
            "no Connector answers at " + url() + way + ": " + error.displayText()};
}

std::string ServerApi::helpWith(int status) const {
    if (status != Poco::Net::HTTPResponse::HTTP_UNAUTHORIZED) return "";
    return _hasToken ? "is the token in --token-file one of its identities'?"
                     : "--token-file=FILE gives the token of one of its identities";
}

} // namespace connector
