#include "net/TlsContext.h"

#include "net/AlpnProtocols.h"
#include "net/OcspResponse.h"
#include "net/OpenSslPointers.h"
#include "net/TicketKeys.h"

#include <Poco/Logger.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <chrono>
#include <ctime>
#include <limits>
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

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kSecondsOfADay = 24 * 60 * 60;

std::int64_t steadySeconds() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void freeChain(STACK_OF(X509) * chain) {
    sk_X509_pop_free(chain, ::X509_free);
}
using ChainPointer = std::unique_ptr<STACK_OF(X509), OpenSslFree<freeChain>>;

std::string opensslReason() {
    const auto* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    ::ERR_clear_error();
    return reason ? reason : "unknown reason";
}

BioPointer openFile(const std::string& path, const std::string& what) {
    ::ERR_clear_error();
    BioPointer file(::BIO_new_file(path.c_str(), "r"));
    if (!file) throw TlsError(path + ": the " + what + " can't be read: " + opensslReason());
    return file;
}

/// A passphrase would have to be typed in at every start; none is ever given.
int noPassphrase(char*, int, int, void*) {
    return -1;
}

/// All certificates of a PEM text. OpenSSL ends the list with "no start line"; any other end is damage.
std::vector<CertificatePointer> readCertificates(BIO* source, const std::string& name) {
    std::vector<CertificatePointer> certificates;
    while (CertificatePointer one{::PEM_read_bio_X509(source, nullptr, noPassphrase, nullptr)})
        certificates.push_back(std::move(one));
    const auto error = ::ERR_peek_last_error();
    if (certificates.empty() || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
        throw TlsError(name + ": no PEM certificate that can be read: " + opensslReason());
    ::ERR_clear_error();
    return certificates;
}

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

} // namespace

struct TlsCredentials::Loaded {
    CertificatePointer certificate;
    KeyPointer key;
    ChainPointer chain;

    Loaded(const std::string& certificateFile, const std::string& keyFile) {
        auto certificates = readCertificates(openFile(certificateFile, "certificate").get(), certificateFile);
        certificate = std::move(certificates.front());
        chain.reset(sk_X509_new_null());
        for (std::size_t i = 1; i < certificates.size(); ++i)
            sk_X509_push(chain.get(), certificates[i].release());

        key.reset(::PEM_read_bio_PrivateKey(openFile(keyFile, "key").get(), nullptr, noPassphrase, nullptr));
        if (!key)
            throw TlsError(keyFile + ": no PEM private key without a passphrase in it: " + opensslReason());
        if (::X509_check_private_key(certificate.get(), key.get()) != 1)
            throw TlsError(keyFile + ": the key does not belong to the certificate in " + certificateFile);
        ::ERR_clear_error();
    }
};

TlsCredentials::TlsCredentials(const std::string& certificateFile, const std::string& keyFile,
                               const std::string& ocspFile, const TlsCredentials* former)
    : _current(std::make_shared<const Loaded>(certificateFile, keyFile)), _complainedAt(kNever) {
    if (ocspFile.empty()) return;
    try {
        _ocsp = std::make_shared<const OcspResponse>(ocspFile, *_current->certificate);
    } catch (const TlsError&) {
        if (!former) throw;
        auto& earlier = former->_ocsp ? former->_ocsp->certificate() : *former->_current->certificate;
        _ocsp = std::make_shared<const OcspResponse>(ocspFile, earlier);
        Poco::Logger::get("tls").warning(ocspFile + ": the OCSP response is about an earlier certificate; it "
                                                    "is not shown to clients");
    }
}

TlsCredentials::~TlsCredentials() = default;

void TlsCredentials::replace(const TlsCredentials& renewed) {
    const std::lock_guard lock(_mutex);
    _current = renewed._current;
    _ocsp = renewed._ocsp;
    _complainedAt = kNever;
}

std::shared_ptr<const TlsCredentials::Loaded> TlsCredentials::current() const {
    const std::lock_guard lock(_mutex);
    return _current;
}

std::int64_t TlsCredentials::notAfter() const {
    const auto loaded = current();
    std::tm time{};
    ::ASN1_TIME_to_tm(::X509_get0_notAfter(loaded->certificate.get()), &time);
    return ::timegm(&time);
}

bool TlsCredentials::applyTo(ssl_st* connection) const {
    const auto loaded = current();
    return ::SSL_use_cert_and_key(connection, loaded->certificate.get(), loaded->key.get(),
                                  loaded->chain.get(), 1) == 1;
}

/// The connection has its certificate already, and it may be an earlier one than the current.
bool TlsCredentials::stapleTo(ssl_st* connection) const {
    std::shared_ptr<const OcspResponse> response;
    {
        const std::lock_guard lock(_mutex);
        response = _ocsp;
    }
    if (!response || !response->isAbout(::SSL_get_certificate(connection))) return false;
    const auto now = std::time(nullptr);
    if (const auto complaint = response->complaint(now); !complaint.empty()) complain(complaint);
    if (response->hasExpired(now)) return false;
    const auto& der = response->der();
    auto* copy = ::OPENSSL_memdup(der.data(), der.size());
    return copy && ::SSL_set_tlsext_status_ocsp_resp(connection, copy, static_cast<long>(der.size())) == 1;
}

void TlsCredentials::complain(const std::string& complaint) const {
    const auto now = steadySeconds();
    auto last = _complainedAt.load();
    if (last != kNever && now - last < kSecondsOfADay) return;
    if (_complainedAt.compare_exchange_strong(last, now)) Poco::Logger::get("tls").warning(complaint);
}

namespace {

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
    const auto authorities = readCertificates(openFile(clientCaFile, "Controllers' CA").get(), clientCaFile);
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
        const BioPointer source(::BIO_new_mem_buf(trusted.data(), static_cast<int>(trusted.size())));
        trust(ssl, readCertificates(source.get(), "the CA certificate"));
    }
    ::SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
    return context;
}

} // namespace connector
