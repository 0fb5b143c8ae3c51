#include "net/OcspResponse.h"

#include "base/FileText.h"
#include "net/TlsError.h"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>

#include <algorithm>
#include <array>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <span>

namespace connector {

namespace {

using ResponsePointer = std::unique_ptr<OCSP_RESPONSE, OpenSslFree<::OCSP_RESPONSE_free>>;
using BasicPointer = std::unique_ptr<OCSP_BASICRESP, OpenSslFree<::OCSP_BASICRESP_free>>;

std::string contentOf(const std::string& file) {
    try {
        return textOf(file);
    } catch (const FileReadError& error) {
        throw TlsError(error.what());
    }
}

BasicPointer parsed(const std::string& der, const std::string& file) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* const end = at + der.size();
    const ResponsePointer response(::d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
    ::ERR_clear_error();
    if (!response || at != end) throw TlsError(file + ": this is no OCSP response in DER");
    if (const auto status = ::OCSP_response_status(response.get()); status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        throw TlsError(file + ": the OCSP response reports a failure: " + ::OCSP_response_status_str(status));
    BasicPointer basic(::OCSP_response_get1_basic(response.get()));
    ::ERR_clear_error();
    if (!basic) throw TlsError(file + ": the OCSP response is of a kind that is not known");
    return basic;
}

/// The issuer's key is left out of it: the issuer need not be among the server's certificates.
bool isIdOf(X509& certificate, const OCSP_CERTID* id) {
    ASN1_OCTET_STRING* issuer = nullptr;
    ASN1_OBJECT* algorithm = nullptr;
    ASN1_INTEGER* serial = nullptr;
    ::OCSP_id_get0_info(&issuer, &algorithm, nullptr, &serial, const_cast<OCSP_CERTID*>(id));
    const auto* digest = EVP_get_digestbyobj(algorithm);
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    if (!digest || ::X509_NAME_digest(::X509_get_issuer_name(&certificate), digest, hash.data(), &size) != 1)
        return false;
    const std::span said(::ASN1_STRING_get0_data(issuer),
                         static_cast<std::size_t>(::ASN1_STRING_length(issuer)));
    return std::equal(said.begin(), said.end(), hash.begin(), hash.begin() + size) &&
           ::ASN1_INTEGER_cmp(serial, ::X509_get0_serialNumber(&certificate)) == 0;
}

OCSP_SINGLERESP* findFor(X509& certificate, OCSP_BASICRESP* basic) {
    for (int i = 0; i < ::OCSP_resp_count(basic); ++i) {
        auto* single = ::OCSP_resp_get0(basic, i);
        if (isIdOf(certificate, ::OCSP_SINGLERESP_get0_id(single))) return single;
    }
    return nullptr;
}

std::time_t timeOf(const ASN1_GENERALIZEDTIME* time) {
    std::tm fields{};
    return time && ::ASN1_TIME_to_tm(time, &fields) == 1 ? ::timegm(&fields) : 0;
}

} // namespace

OcspResponse::OcspResponse(const std::string& file, X509& certificate) : _file(file), _der(contentOf(file)) {
    const auto basic = parsed(_der, file);
    auto* single = findFor(certificate, basic.get());
    if (!single) throw TlsError(file + ": the OCSP response is about another certificate than the server's");
    ::X509_up_ref(&certificate);
    _certificate.reset(&certificate);
    ASN1_GENERALIZEDTIME* from = nullptr;
    ASN1_GENERALIZEDTIME* until = nullptr;
    const auto status = ::OCSP_single_get0_status(single, nullptr, nullptr, &from, &until);
    _status = ::OCSP_cert_status_str(status);
    _thisUpdate = timeOf(from);
    if (until) _nextUpdate = timeOf(until);
}

bool OcspResponse::isAbout(const X509* certificate) const {
    return certificate && ::X509_cmp(certificate, _certificate.get()) == 0;
}

bool OcspResponse::expiresSoon(std::time_t now) const {
    return _nextUpdate && *_nextUpdate - now < (*_nextUpdate - _thisUpdate) / 3;
}

std::string OcspResponse::complaint(std::time_t now) const {
    if (hasExpired(now))
        return _file + ": the OCSP response expired on " + end() + "; it is not shown to clients";
    if (_status != "good")
        return _file + ": the OCSP response says that the certificate is " + _status +
               "; clients that ask for it will refuse the certificate";
    return "";
}

std::string OcspResponse::end() const {
    if (!_nextUpdate) return "";
    return Poco::DateTimeFormatter::format(Poco::Timestamp::fromEpochTime(*_nextUpdate),
                                           "%Y-%m-%d %H:%M UTC");
}

} // namespace connector
