#pragma once

#include "Folder.h"

#include <string>
#include <vector>

namespace connector::test {

/// A certificate and its key, in PEM files.
struct KeyPair {
    std::string certificateFile;
    std::string keyFile;

    /// SHA-256 of the certificate in lower case hex, as api.identities wants it.
    std::string fingerprint() const;
};

/// Signs certificates for the tests, with the openssl program.
class CertificateAuthority {
  public:
    explicit CertificateAuthority(const std::string& commonName = "Connector test CA");

    /// The one that most tests share: making a key takes time.
    static const CertificateAuthority& shared();

    std::string certificateFile() const { return _folder.path("ca.pem"); }

    std::string keyFile() const { return _folder.path("ca.key"); }

    /// Writes NAME.pem and NAME.key into a folder: a certificate for 127.0.0.1, ::1 and localhost.
    KeyPair issue(const Folder& folder, const std::string& name) const;

    /// The same with an RSA key; the others have P-256 keys.
    KeyPair issueWithRsaKey(const Folder& folder, const std::string& name) const;

    /// A server certificate for other names than this machine's.
    KeyPair issueForHost(const Folder& folder, const std::string& name, const std::string& host) const;

    /// The same for these names, as openssl writes them: "DNS:localhost,IP:127.0.0.1".
    KeyPair issueWith(const Folder& folder, const std::string& name, const std::string& subjectNames) const;

  private:
    KeyPair issueFor(const Folder& folder, const std::string& name, const std::string& subjectNames,
                     std::vector<std::string> key) const;

    Folder _folder;
};

} // namespace connector::test
