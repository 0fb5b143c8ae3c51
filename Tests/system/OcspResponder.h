#pragma once

#include "Certificates.h"

#include <chrono>
#include <string>

namespace connector::test {

/// Says what a CA knows about a certificate that it has signed (OCSP), in DER.
class OcspResponder {
  public:
    /// authority: must outlive this.
    explicit OcspResponder(const CertificateAuthority& authority) : _authority(authority) {}

    /// By `openssl ocsp`: good for a day.
    std::string about(const KeyPair& pair) const { return byProgram(pair, 'V', /*hasEnd*/ true); }
    /// The same, without a word of when it expires, as the program does by itself.
    std::string withoutEnd(const KeyPair& pair) const { return byProgram(pair, 'V', /*hasEnd*/ false); }
    std::string revoked(const KeyPair& pair) const { return byProgram(pair, 'R', /*hasEnd*/ true); }

    /// One that holds from then to then, seen from now.
    std::string holding(const KeyPair& pair, std::chrono::seconds from, std::chrono::seconds until) const;

  private:
    std::string byProgram(const KeyPair& pair, char state, bool hasEnd) const;

    const CertificateAuthority& _authority;
    Folder _folder;
};

} // namespace connector::test
