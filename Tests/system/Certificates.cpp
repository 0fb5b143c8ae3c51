#include "Certificates.h"

#include "ChildProcess.h"

#include <Poco/Crypto/X509Certificate.h>
#include <Poco/DigestEngine.h>

#include <stdexcept>

namespace connector::test {

namespace {

/// `openssl req -x509`, with a new P-256 key.
void makeCertificate(const KeyPair& files, const std::string& commonName, std::vector<std::string> more) {
    std::vector<std::string> words{"/usr/bin/openssl",
                                   "req",
                                   "-x509",
                                   "-newkey",
                                   "ec",
                                   "-pkeyopt",
                                   "ec_paramgen_curve:P-256",
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

} // namespace

std::string KeyPair::fingerprint() const {
    return Poco::DigestEngine::digestToHex(
        Poco::Crypto::X509Certificate(certificateFile).fingerprint("SHA256"));
}

CertificateAuthority::CertificateAuthority(const std::string& commonName) {
    makeCertificate({certificateFile(), _folder.path("ca.key")}, commonName,
                    {"-addext", "keyUsage=critical,keyCertSign,cRLSign"});
}

const CertificateAuthority& CertificateAuthority::shared() {
    static const CertificateAuthority authority;
    return authority;
}

KeyPair CertificateAuthority::issue(const Folder& folder, const std::string& name) const {
    return issueWith(folder, name, "IP:127.0.0.1,IP:::1,DNS:localhost");
}

KeyPair CertificateAuthority::issueForHost(const Folder& folder, const std::string& name,
                                           const std::string& host) const {
    return issueWith(folder, name, "DNS:" + host);
}

KeyPair CertificateAuthority::issueWith(const Folder& folder, const std::string& name,
                                        const std::string& subjectNames) const {
    KeyPair pair{folder.path(name + ".pem"), folder.path(name + ".key")};
    makeCertificate(pair, name,
                    {"-CA", certificateFile(), "-CAkey", _folder.path("ca.key"), "-addext",
                     "subjectAltName=" + subjectNames, "-addext", "basicConstraints=critical,CA:FALSE"});
    return pair;
}

} // namespace connector::test
