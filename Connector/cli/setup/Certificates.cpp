#include "cli/setup/Certificates.h"

#include "net/OpenSslPointers.h"

#include <Poco/Net/IPAddress.h>

#include <memory>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace connector {

namespace {

using ExtensionPointer = std::unique_ptr<X509_EXTENSION, OpenSslFree<::X509_EXTENSION_free>>;
using NumberPointer = std::unique_ptr<BIGNUM, OpenSslFree<::BN_free>>;

constexpr long kDays = 3650;
constexpr long kSecondsPerDay = 86400;
/// Clocks of clients may be behind.
constexpr long kSecondsBefore = 3600;
/// As RFC 5280 allows: 20 bytes, and positive.
constexpr int kSerialBits = 159;
/// The longest common name (RFC 5280, ub-common-name); longer names stand in the subjectAltName alone.
constexpr std::size_t kMaxCommonName = 64;

void require(bool success) {
    if (success) return;
    const auto* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    throw std::runtime_error(std::string("OpenSSL could not make a certificate: ") +
                             (reason ? reason : "no reason"));
}

void addExtension(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const ExtensionPointer extension(::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    require(extension && ::X509_add_ext(certificate, extension.get(), -1) == 1);
}

void setSerial(X509* certificate) {
    const NumberPointer number(::BN_new());
    require(number && ::BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
    require(::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(certificate)) != nullptr);
}

void setName(X509* certificate, const std::string& address) {
    auto* name = ::X509_get_subject_name(certificate);
    const auto text = address.size() <= kMaxCommonName ? address : "iofog-connector";
    require(::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1,
                                         0) == 1);
    require(::X509_set_issuer_name(certificate, name) == 1);
}

/// As OpenSSL's configuration has them: "DNS:connector.example.org,IP:192.0.2.7".
std::string alternativeNames(const std::vector<std::string>& addresses) {
    std::string list;
    for (const auto& address : addresses) {
        Poco::Net::IPAddress ip;
        const bool isIp = Poco::Net::IPAddress::tryParse(address, ip);
        list += (list.empty() ? "" : ",") + std::string(isIp ? "IP:" : "DNS:") + address;
    }
    return list;
}

CertificatePointer makeCertificate(EVP_PKEY* key, const std::vector<std::string>& addresses) {
    CertificatePointer certificate(::X509_new());
    require(certificate && ::X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    setSerial(certificate.get());
    ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), -kSecondsBefore);
    ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), kDays * kSecondsPerDay);
    setName(certificate.get(), addresses.front());
    require(::X509_set_pubkey(certificate.get(), key) == 1);

    addExtension(certificate.get(), NID_subject_alt_name, alternativeNames(addresses));
    // Some clients trust nothing that is no authority.
    addExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    addExtension(certificate.get(), NID_key_usage, "critical,digitalSignature,keyCertSign");
    addExtension(certificate.get(), NID_ext_key_usage, "serverAuth");
    addExtension(certificate.get(), NID_subject_key_identifier, "hash");
    require(::X509_sign(certificate.get(), key, ::EVP_sha256()) > 0);
    return certificate;
}

/// write: puts something into a BIO, and returns 1.
template <class Write>
std::string pemOf(Write&& write) {
    const BioPointer memory(::BIO_new(::BIO_s_mem()));
    require(memory && write(memory.get()) == 1);
    char* text = nullptr;
    const auto length = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

} // namespace

SelfSignedCertificate SelfSignedCertificate::make(const std::vector<std::string>& addresses) {
    const KeyPointer key(EVP_EC_gen("P-256"));
    require(key != nullptr);
    const auto certificate = makeCertificate(key.get(), addresses);
    return {pemOf([&](BIO* out) { return ::PEM_write_bio_X509(out, certificate.get()); }),
            pemOf([&](BIO* out) {
                return ::PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
}

} // namespace connector
