#pragma once

#include "net/OcspResponse.h"
#include "net/OpenSslPointers.h"

#include <atomic>
#include <cstdint>
#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct ssl_st;

namespace connector {

/// Where a certificate of the server's is; a plain value.
struct CertificateFiles {
    /// PEM: the certificate, followed by the intermediate ones.
    std::string certificate;
    /// PEM, not encrypted.
    std::string key;
    /// A response in DER, to be stapled; "" for none.
    std::string ocsp{};

    bool operator==(const CertificateFiles&) const = default;
};

/// One of the server's certificates with its chain, its key, and what the CA says about it (OCSP), as they
/// were in the files. Once it is shared, it never changes, and any thread may ask it.
class ServerCertificate {
  public:
    using Pointer = std::shared_ptr<const ServerCertificate>;

    /// Throws TlsError when a file can't be read, is not PEM or encrypted, or the key is another
    /// certificate's.
    ServerCertificate(const std::string& certificateFile, const std::string& keyFile);

    /// Adds what the CA says. formers: those that were in use before; a response about the one with the same
    /// file, or the same file for its response, is no error, as a renewal must not fail for want of a new
    /// one, and is not shown. Throws as OcspResponse does.
    void readOcsp(const std::string& file, std::span<const Pointer> formers);

    const std::string& file() const { return _file; }

    /// As namesIn() has them.
    const std::vector<std::string>& names() const { return _names; }

    const X509& x509() const { return *_certificate; }

    std::time_t notBefore() const { return _notBefore; }
    std::time_t notAfter() const { return _notAfter; }

    bool isValidAt(std::time_t time) const { return _notBefore <= time && time <= _notAfter; }

    /// What clients take offence at: that it has expired by now, or is not valid yet; "" when it is valid.
    std::string complaint(std::time_t now) const;

    /// Null when there is none, or it is about an earlier certificate.
    const OcspResponse* ocsp() const;

    /// Puts certificate, chain and key into one connection, during its handshake. False when OpenSSL refuses
    /// them.
    bool applyTo(ssl_st* connection) const;

    /// Shows the OCSP response to a client that has asked for it. False when there is none that is about the
    /// connection's certificate and has not expired. What clients will take offence at is logged once a day
    /// at the most.
    bool stapleTo(ssl_st* connection) const;

  private:
    static void freeChain(STACK_OF(X509) * chain);

    std::unique_ptr<const OcspResponse> earlierResponse(const std::string& file,
                                                        std::span<const Pointer> formers) const;
    void complain(const std::string& complaint) const;

    std::string _file;
    CertificatePointer _certificate;
    KeyPointer _key;
    std::unique_ptr<STACK_OF(X509), OpenSslFree<freeChain>> _chain;
    std::vector<std::string> _names;
    std::time_t _notBefore;
    std::time_t _notAfter;
    std::unique_ptr<const OcspResponse> _ocsp;       ///< perhaps about an earlier certificate
    mutable std::atomic<std::int64_t> _complainedAt; ///< seconds of the steady clock
};

} // namespace connector
