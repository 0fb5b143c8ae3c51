#include "Certificates.h"

#include "ChildProcess.h"

#include <Poco/Crypto/X509Certificate.h>
#include <Poco/DigestEngine.h>

#include <stdexcept>
#include <utility>

namespace connector::test {

namespace {

/// Words of `openssl req` for a new key.
const std::vector<std::string> kP256{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"};
const std::vector<std::string> kRsa{"-newkey", "rsa:2048"};
/// What the certificates are for, unless a test wants something else.
const std::string kThisMachine = "IP:127.0.0.1,IP:::1,DNS:localhost";

/// `openssl req -x509`, with a new key.
void makeCertificate(const KeyPair& files, const std::string& commonName, std::vector<std::string> more) {
    std::vector<std::string> words{"/usr/bin/openssl",
                                   "req",
                                   "-x509",
                                   "-nodes",
                                   "-days",
                                   "2",
                                   "-subj",
                                   "/CN=" + commonName,
                                   "-out",
                                   files.certificateFile,
                                   "-keyout",
                                   files.keyFile};
    words.insert(words.end(), more.begin(), more.end());
    const auto finished = run({words, ""});
    if (finished.exitCode != 0) throw std::runtime_error("openssl: " + finished.output);
}

std::vector<std::string> joined(std::vector<std::string> one, const std::vector<std::string>& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

} // namespace

std::string KeyPair::fingerprint() const {
    return Poco::DigestEngine::digestToHex(
        Poco::Crypto::X509Certificate(certificateFile).fingerprint("SHA256"));
}

CertificateAuthority::CertificateAuthority(const std::string& commonName) {
    makeCertificate({certificateFile(), keyFile()}, commonName,
                    joined(kP256, {"-addext", "keyUsage=critical,keyCertSign,cRLSign"}));
}

const CertificateAuthority& CertificateAuthority::shared() {
    static const CertificateAuthority authority;
    return authority;
}

KeyPair CertificateAuthority::issue(const Folder& folder, const std::string& name) const {
    return issueFor(folder, name, kThisMachine, kP256);
}

KeyPair CertificateAuthority::issueWithRsaKey(const Folder& folder, const std::string& name) const {
    return issueFor(folder, name, kThisMachine, kRsa);
}

KeyPair CertificateAuthority::issueForHost(const Folder& folder, const std::string& name,
                                           const std::string& host) const {
    return issueFor(folder, name, "DNS:" + host, kP256);
}

KeyPair CertificateAuthority::issueWith(const Folder& folder, const std::string& name,
                                        const std::string& subjectNames) const {
    return issueFor(folder, name, subjectNames, kP256);
}

KeyPair CertificateAuthority::issueFor(const Folder& folder, const std::string& name,
                                       const std::string& subjectNames, std::vector<std::string> key) const {
    KeyPair pair{folder.path(name + ".pem"), folder.path(name + ".key")};
    makeCertificate(pair, name,
                    joined(std::move(key), {"-CA", certificateFile(), "-CAkey", keyFile(), "-addext",
                                            "subjectAltName=" + subjectNames, "-addext",
                                            "basicConstraints=critical,CA:FALSE"}));
    return pair;
}

} // namespace connector::test
