#include "TlsSettings.h"

#include <openssl/err.h>

#include <array>
#include <stdexcept>

namespace connector::test {

namespace {

void require(bool done, const std::string& what) {
    if (!done) throw std::runtime_error(what + ": " + openSslError());
}

} // namespace

TlsSettings::TlsSettings(const Options& options) : _context(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX* context = _context.get();
    require(context != nullptr, "SSL_CTX_new");
    require(SSL_CTX_load_verify_locations(context, options.trustedFile.c_str(), nullptr) == 1,
            options.trustedFile);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (options.onlyVersion != 0) {
        SSL_CTX_set_min_proto_version(context, options.onlyVersion);
        SSL_CTX_set_max_proto_version(context, options.onlyVersion);
        // TLS 1.1 is below Debian's security level: a client that insists on it must be able to ask for it.
        if (options.onlyVersion < TLS1_2_VERSION) SSL_CTX_set_security_level(context, 0);
    }
    if (!options.suites.empty())
        require(SSL_CTX_set_cipher_list(context, options.suites.c_str()) == 1, options.suites);
    if (!options.groups.empty())
        require(SSL_CTX_set1_groups_list(context, options.groups.c_str()) == 1, options.groups);
    if (!options.takesTickets) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    if (options.wantsOcsp) SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
    std::string protocols;
    for (const auto& name : options.alpn)
        protocols += static_cast<char>(name.size()) + name;
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
    if (const auto& pair = options.clientCertificate) {
        require(SSL_CTX_use_certificate_file(context, pair->certificateFile.c_str(), SSL_FILETYPE_PEM) == 1,
                pair->certificateFile);
        require(SSL_CTX_use_PrivateKey_file(context, pair->keyFile.c_str(), SSL_FILETYPE_PEM) == 1,
                pair->keyFile);
    }
}

std::string openSslError() {
    const auto code = ERR_get_error();
    if (code == 0) return "no reason given";
    std::array<char, 256> text{};
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

} // namespace connector::test
