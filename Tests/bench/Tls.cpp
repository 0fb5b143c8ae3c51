#include "Tls.h"

#include <stdexcept>

namespace bench {

namespace {

/// One suite for everything that is compared.
constexpr const char* kSuite = "TLS_AES_256_GCM_SHA384";

SSL_CTX* makeContext(const SSL_METHOD* method) {
    auto* context = ::SSL_CTX_new(method);
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    ::SSL_CTX_set_ciphersuites(context, kSuite);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    return context;
}

} // namespace

Tls::Tls() : _context(makeContext(::TLS_client_method())), _isServer(false) {
    SSL_CTX_set_session_cache_mode(_context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    ::SSL_CTX_sess_set_new_cb(_context.get(), onSession);
    SSL_CTX_set_app_data(_context.get(), this);
}

Tls::Tls(const std::string& certificateFile, const std::string& keyFile)
    : _context(makeContext(::TLS_server_method())), _isServer(true) {
    if (::SSL_CTX_use_certificate_chain_file(_context.get(), certificateFile.c_str()) != 1 ||
        ::SSL_CTX_use_PrivateKey_file(_context.get(), keyFile.c_str(), SSL_FILETYPE_PEM) != 1)
        throw std::runtime_error("no certificate and key in " + certificateFile + " and " + keyFile);
}

SSL* Tls::connection(int descriptor) {
    auto* connection = ::SSL_new(_context.get());
    ::SSL_set_fd(connection, descriptor);
    if (_isServer) {
        ::SSL_set_accept_state(connection);
    } else {
        ::SSL_set_connect_state(connection);
        if (!_serverName.empty()) SSL_set_tlsext_host_name(connection, _serverName.c_str());
        if (_session) ::SSL_set_session(connection, _session.get());
    }
    return connection;
}

int Tls::onSession(SSL* connection, SSL_SESSION* session) {
    auto& self = *static_cast<Tls*>(SSL_CTX_get_app_data(::SSL_get_SSL_CTX(connection)));
    if (!::SSL_session_reused(connection)) ++self.fullHandshakes;
    self._session.reset(session);
    return 1; // it is ours now
}

} // namespace bench
