#pragma once

#include "net/OpenSslPointers.h"

#include <ctime>
#include <optional>
#include <string>

namespace connector {

/// What a CA has said about the server's certificate (OCSP, RFC 6960), so that a handshake can show it and
/// the client need not ask. Never changes.
class OcspResponse {
  public:
    /// Reads a file with a response in DER. Throws TlsError, which names the file, when it can't be read, is
    /// no OCSP response, reports a failure, or says nothing about this certificate. Whether the CA has signed
    /// it is for clients to find out.
    OcspResponse(const std::string& file, X509& certificate);

    const std::string& file() const { return _file; }

    const std::string& der() const { return _der; }

    /// Whose it is.
    X509& certificate() const { return *_certificate; }

    bool isAbout(const X509* certificate) const;

    /// Its time is over: clients would refuse it.
    bool hasExpired(std::time_t now) const { return _nextUpdate && *_nextUpdate < now; }

    /// Whether less than a third of its time is left.
    bool expiresSoon(std::time_t now) const;

    /// What is wrong with it for clients, for a log line or a message: it has expired, or the certificate
    /// isn't good; "" for nothing.
    std::string complaint(std::time_t now) const;

    /// When it expires, as in "2026-11-30 12:00 UTC"; "" for one that doesn't say.
    std::string end() const;

  private:
    std::string _file;
    std::string _der;
    CertificatePointer _certificate;
    std::string _status; ///< "good", "revoked" or "unknown"
    std::time_t _thisUpdate = 0;
    std::optional<std::time_t> _nextUpdate;
};

} // namespace connector
