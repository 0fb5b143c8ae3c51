#include "net/ServerCertificate.h"

#include "net/CertificateNames.h"
#include "net/PemFiles.h"
#include "net/TlsError.h"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Logger.h>
#include <Poco/Timestamp.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <chrono>
#include <limits>

namespace connector {

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kSecondsOfADay = 24 * 60 * 60;

std::int64_t steadySeconds() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::time_t timeOf(const ASN1_TIME* time) {
    std::tm fields{};
    ::ASN1_TIME_to_tm(time, &fields);
    return ::timegm(&fields);
}

std::string dayOf(std::time_t time) {
    return Poco::DateTimeFormatter::format(Poco::Timestamp::fromEpochTime(time), "%Y-%m-%d");
}

} // namespace

void ServerCertificate::freeChain(STACK_OF(X509) * chain) {
    sk_X509_pop_free(chain, ::X509_free);
}

ServerCertificate::ServerCertificate(const std::string& certificateFile, const std::string& keyFile)
    : _file(certificateFile), _chain(sk_X509_new_null()), _complainedAt(kNever) {
    auto certificates = certificatesOf(certificateFile, "certificate");
    _certificate = std::move(certificates.front());
    for (std::size_t i = 1; i < certificates.size(); ++i)
        sk_X509_push(_chain.get(), certificates[i].release());
    _key = keyOf(keyFile);
    if (::X509_check_private_key(_certificate.get(), _key.get()) != 1)
        throw TlsError(keyFile + ": the key does not belong to the certificate in " + certificateFile);
    ::ERR_clear_error();
    _names = namesIn(*_certificate);
    _notBefore = timeOf(::X509_get0_notBefore(_certificate.get()));
    _notAfter = timeOf(::X509_get0_notAfter(_certificate.get()));
    if (const auto text = complaint(std::time(nullptr)); !text.empty())
        Poco::Logger::get("tls").warning(text);
}

std::string ServerCertificate::complaint(std::time_t now) const {
    if (_notAfter < now)
        return _file + ": the certificate expired on " + dayOf(_notAfter) + "; clients will refuse it";
    if (_notBefore > now)
        return _file + ": the certificate is not valid before " + dayOf(_notBefore) +
               "; clients will refuse it";
    return "";
}

void ServerCertificate::readOcsp(const std::string& file, std::span<const Pointer> formers) {
    try {
        _ocsp = std::make_unique<const OcspResponse>(file, *_certificate);
    } catch (const TlsError&) {
        _ocsp = earlierResponse(file, formers);
        if (!_ocsp) throw;
        Poco::Logger::get("tls").warning(file +
                                         ": the OCSP response is about an earlier certificate; it is not "
                                         "shown to clients");
    }
}

/// Null when the file is about none of those that this one comes after.
std::unique_ptr<const OcspResponse>
ServerCertificate::earlierResponse(const std::string& file, std::span<const Pointer> formers) const {
    for (const auto& former : formers) {
        const auto* response = former->_ocsp.get();
        if (former->_file != _file && (!response || response->file() != file)) continue;
        try {
            return std::make_unique<const OcspResponse>(file, response ? response->certificate()
                                                                       : *former->_certificate);
        } catch (const TlsError&) { // another one may be what it is about
        }
    }
    return nullptr;
}

const OcspResponse* ServerCertificate::ocsp() const {
    return _ocsp && _ocsp->isAbout(_certificate.get()) ? _ocsp.get() : nullptr;
}

bool ServerCertificate::applyTo(ssl_st* connection) const {
    return ::SSL_use_cert_and_key(connection, _certificate.get(), _key.get(), _chain.get(), 1) == 1;
}

/// The connection has its certificate already, and a reload may have replaced that by this one since.
bool ServerCertificate::stapleTo(ssl_st* connection) const {
    if (!_ocsp || !_ocsp->isAbout(::SSL_get_certificate(connection))) return false;
    const auto now = std::time(nullptr);
    if (const auto complaint = _ocsp->complaint(now); !complaint.empty()) complain(complaint);
    if (_ocsp->hasExpired(now)) return false;
    const auto& der = _ocsp->der();
    auto* copy = ::OPENSSL_memdup(der.data(), der.size());
    return copy && ::SSL_set_tlsext_status_ocsp_resp(connection, copy, static_cast<long>(der.size())) == 1;
}

void ServerCertificate::complain(const std::string& complaint) const {
    const auto now = steadySeconds();
    auto last = _complainedAt.load();
    if (last != kNever && now - last < kSecondsOfADay) return;
    if (_complainedAt.compare_exchange_strong(last, now)) Poco::Logger::get("tls").warning(complaint);
}

} // namespace connector
