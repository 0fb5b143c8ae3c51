#include "net/TlsContext.h"

#include "net/AlpnProtocols.h"
#include "net/PemFiles.h"
#include "net/TicketKeys.h"

#include <openssl/ssl.h>

#include <string_view>
#include <vector>

namespace connector {

namespace {

/// Mozilla's intermediate profile, without its two suites of plain DHE: no client needs those that has none
/// of these.
constexpr const char* kSuites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";

/// Sessions are of use to those who have the same name for what is served only.
constexpr std::string_view kSessionsOf = "iofog-connector";

void trust(SSL_CTX* context, const std::vector<CertificatePointer>& certificates) {
    for (const auto& certificate : certificates)
        ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), certificate.get());
}

Poco::Net::Context::Ptr makeContext(Poco::Net::Context::Usage usage) {
    Poco::Net::Context::Params params;
    params.verificationMode = Poco::Net::Context::VERIFY_NONE;
    Poco::Net::Context::Ptr context = new Poco::Net::Context(usage, params);
    context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    // POCO's own check would look for the name of a visitor's or Controller's machine in its certificate.
    context->enableExtendedCertificateVerification(false);
    auto* ssl = context->sslContext();
    ::SSL_CTX_set_options(ssl,
                          SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // An idle connection must not keep OpenSSL's two record buffers of 16 KiB.
    ::SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    return context;
}

void setProfile(SSL_CTX* context) {
    ::SSL_CTX_set_cipher_list(context, kSuites);
    ::SSL_CTX_set1_groups_list(context, kGroups);
    ::SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
}

/// Tickets keep sessions at the clients' ends: nothing is kept here.
void resumeWithTickets(SSL_CTX* context) {
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kSessionsOf.data()),
                                     kSessionsOf.size());
    TicketKeys::enableOn(context);
}

void resumeNothing(SSL_CTX* context) {
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_options(context, SSL_OP_NO_TICKET); // TLS 1.3 would give out numbers of sessions instead
    ::SSL_CTX_set_num_tickets(context, 0);
}

void showCredentials(SSL_CTX* context, const TlsCredentials& credentials) {
    auto* const shown = const_cast<TlsCredentials*>(&credentials);
    ::SSL_CTX_set_cert_cb(
        context,
        [](SSL* connection, void* argument) {
            return static_cast<const TlsCredentials*>(argument)->applyTo(connection) ? 1 : 0;
        },
        shown);
    int (*const staple)(SSL*, void*) = [](SSL* connection, void* argument) {
        const bool isStapled = static_cast<const TlsCredentials*>(argument)->stapleTo(connection);
        return isStapled ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
    };
    ::SSL_CTX_set_tlsext_status_cb(context, staple);
    ::SSL_CTX_set_tlsext_status_arg(context, shown);
}

void askForCertificates(SSL_CTX* context, const std::string& clientCaFile) {
    const auto authorities = certificatesOf(clientCaFile, "Controllers' CA");
    trust(context, authorities);
    for (const auto& authority : authorities)
        ::SSL_CTX_add_client_CA(context, authority.get());
    ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
}

} // namespace

Poco::Net::Context::Ptr makeServerContext(const TlsCredentials& credentials,
                                          const std::string& clientCaFile) {
    auto context = makeContext(Poco::Net::Context::TLS_SERVER_USE);
    auto* ssl = context->sslContext();
    setProfile(ssl);
    showCredentials(ssl, credentials);
    AlpnProtocols::enableOn(ssl);
    if (clientCaFile.empty()) {
        resumeWithTickets(ssl);
    } else {
        resumeNothing(ssl);
        askForCertificates(ssl, clientCaFile);
    }
    return context;
}

Poco::Net::Context::Ptr makeClientContext(const std::string& trusted) {
    auto context = makeContext(Poco::Net::Context::TLS_CLIENT_USE);
    auto* ssl = context->sslContext();
    if (trusted.empty()) {
        ::SSL_CTX_set_default_verify_paths(ssl);
    } else {
        trust(ssl, certificatesIn(trusted, "the CA certificate"));
    }
    ::SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    return context;
}

} // namespace connector
