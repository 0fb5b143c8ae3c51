#include "net/PemFiles.h"

#include "net/TlsError.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <system_error>

namespace connector {

namespace {

std::string opensslReason() {
    const auto* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    ::ERR_clear_error();
    return reason ? reason : "unknown reason";
}

/// The system's error comes first; OpenSSL's own, behind it, says less.
BioPointer openFile(const std::string& path, const std::string& what) {
    ::ERR_clear_error();
    BioPointer file(::BIO_new_file(path.c_str(), "r"));
    if (file) return file;
    const auto first = ::ERR_peek_error();
    const auto reason =
        ERR_SYSTEM_ERROR(first) ? std::generic_category().message(ERR_GET_REASON(first)) : opensslReason();
    ::ERR_clear_error();
    throw TlsError(path + ": the " + what + " can't be read: " + reason);
}

int noPassphrase(char*, int, int, void*) {
    return -1;
}

/// OpenSSL ends the list with "no start line"; any other end is damage.
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

} // namespace

std::vector<CertificatePointer> certificatesOf(const std::string& file, const std::string& what) {
    return readCertificates(openFile(file, what).get(), file);
}

std::vector<CertificatePointer> certificatesIn(const std::string& pem, const std::string& name) {
    const BioPointer source(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return readCertificates(source.get(), name);
}

KeyPointer keyOf(const std::string& file) {
    KeyPointer key(::PEM_read_bio_PrivateKey(openFile(file, "key").get(), nullptr, noPassphrase, nullptr));
    if (!key) throw TlsError(file + ": no PEM private key without a passphrase in it: " + opensslReason());
    return key;
}

} // namespace connector
