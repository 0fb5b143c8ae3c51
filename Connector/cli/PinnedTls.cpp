#include "cli/PinnedTls.h"

#include "net/TlsError.h"

#include <Poco/Exception.h>

#include <openssl/ssl.h>

namespace connector {

namespace {

Poco::Crypto::X509Certificate readCertificate(const std::string& file) {
    try {
        return Poco::Crypto::X509Certificate(file);
    } catch (const Poco::Exception& error) {
        throw TlsError(file + ": no PEM certificate that can be read: " + error.displayText());
    }
}

Poco::Net::Context::Ptr makeContext() {
    Poco::Net::Context::Params params;
    // POCO's own check, of chain and name, is not wanted; verify() takes its place.
    params.verificationMode = Poco::Net::Context::VERIFY_NONE;
    Poco::Net::Context::Ptr context = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, params);
    context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    return context;
}

} // namespace

PinnedTls::PinnedTls(const std::string& certificateFile)
    : _certificate(readCertificate(certificateFile)), _context(makeContext()) {
    ::SSL_CTX_set_verify(_context->sslContext(), SSL_VERIFY_PEER, nullptr);
    ::SSL_CTX_set_cert_verify_callback(_context->sslContext(), &PinnedTls::verify, this);
}

int PinnedTls::verify(X509_STORE_CTX* chain, void* self) {
    auto& pinned = *static_cast<PinnedTls*>(self);
    const auto* shown = ::X509_STORE_CTX_get0_cert(chain);
    const bool isPinned = shown && ::X509_cmp(shown, pinned._certificate.certificate()) == 0;
    if (isPinned || pinned._acceptsOthers) return 1;
    pinned._sawAnother = true;
    ::X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
    return 0;
}

} // namespace connector
