#include "OcspResponder.h"

#include "ChildProcess.h"
#include "TlsSettings.h"

#include <Poco/Crypto/EVPPKey.h>
#include <Poco/Crypto/X509Certificate.h>

#include <openssl/ocsp.h>

#include <cctype>
#include <memory>
#include <stdexcept>
#include <utility>

namespace connector::test {

namespace {

template <auto Free>
struct Freeing {
    template <class Type>
    void operator()(Type* object) const {
        Free(object);
    }
};
using TimePointer = std::unique_ptr<ASN1_TIME, Freeing<ASN1_TIME_free>>;

std::string serialOf(const KeyPair& pair) {
    auto serial = Poco::Crypto::X509Certificate(pair.certificateFile).serialNumber();
    for (auto& digit : serial)
        digit = static_cast<char>(std::toupper(static_cast<unsigned char>(digit)));
    return serial.size() % 2 == 0 ? serial : "0" + serial;
}

TimePointer fromNow(std::chrono::seconds distance) {
    return TimePointer(ASN1_TIME_adj(nullptr, std::time(nullptr), 0, static_cast<long>(distance.count())));
}

template <class Pointer>
Pointer made(Pointer pointer) {
    if (!pointer) throw std::runtime_error("OCSP: " + openSslError());
    return pointer;
}

} // namespace

std::string OcspResponder::byProgram(const KeyPair& pair, char state, bool hasEnd) const {
    const std::string revokedAt = state == 'R' ? "260101000000Z" : "";
    const auto index = _folder.write("index.txt", state + ("\t991231235959Z\t" + revokedAt) + "\t" +
                                                      serialOf(pair) + "\tunknown\t/CN=server\n");
    const auto authority = _authority.certificateFile();
    const auto response = _folder.path("response.der");
    std::vector<std::string> words{"/usr/bin/openssl",
                                   "ocsp",
                                   "-index",
                                   index,
                                   "-CA",
                                   authority,
                                   "-rsigner",
                                   authority,
                                   "-rkey",
                                   _authority.keyFile(),
                                   "-issuer",
                                   authority,
                                   "-cert",
                                   pair.certificateFile,
                                   "-respout",
                                   response};
    if (hasEnd) words.insert(words.end(), {"-ndays", "1"});
    const auto finished = run({words, ""});
    if (finished.exitCode != 0) throw std::runtime_error("openssl ocsp: " + finished.output);
    return readFile(response);
}

std::string OcspResponder::holding(const KeyPair& pair, std::chrono::seconds from,
                                   std::chrono::seconds until) const {
    const Poco::Crypto::X509Certificate issuer(_authority.certificateFile());
    const Poco::Crypto::X509Certificate subject(pair.certificateFile);
    const Poco::Crypto::EVPPKey key("", _authority.keyFile());
    auto* const issuer_ = const_cast<X509*>(issuer.certificate());
    const auto id = made(std::unique_ptr<OCSP_CERTID, Freeing<OCSP_CERTID_free>>(
        OCSP_cert_to_id(EVP_sha1(), subject.certificate(), issuer_)));
    const auto basic =
        made(std::unique_ptr<OCSP_BASICRESP, Freeing<OCSP_BASICRESP_free>>(OCSP_BASICRESP_new()));
    const auto begin = fromNow(from);
    const auto end = fromNow(until);
    made(OCSP_basic_add1_status(basic.get(), id.get(), V_OCSP_CERTSTATUS_GOOD, 0, nullptr, begin.get(),
                                end.get()));
    if (OCSP_basic_sign(basic.get(), issuer_, const_cast<EVP_PKEY*>(static_cast<const EVP_PKEY*>(key)),
                        EVP_sha256(), nullptr, 0) != 1)
        throw std::runtime_error("OCSP: " + openSslError());
    const auto response = made(std::unique_ptr<OCSP_RESPONSE, Freeing<OCSP_RESPONSE_free>>(
        OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get())));
    unsigned char* der = nullptr;
    const auto size = i2d_OCSP_RESPONSE(response.get(), &der);
    const std::string result(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return result;
}

} // namespace connector::test
