#pragma once

#include "net/ServerCertificate.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;

namespace connector {

/// Several certificates of a server's, and which of them a client is shown; never changes. Any thread.
class CertificateChoice {
  public:
    /// The first is for clients that name nobody, or somebody whom none is for. Not empty.
    explicit CertificateChoice(std::vector<ServerCertificate::Pointer> certificates);

    /// name: as the client has said it (SNI), "" for none. Those that have the name itself go before those
    /// with a wildcard for it, which is one for one label; of all these, the first that is valid at this time
    /// is it, or else the first.
    const ServerCertificate& of(std::string_view name, std::time_t now) const;

    /// Whether one is for this name, or for all of these: "*.example.org".
    bool covers(const std::string& name) const { return _byName.contains(name); }

    const std::vector<ServerCertificate::Pointer>& all() const { return _certificates; }

  private:
    std::vector<ServerCertificate::Pointer> _certificates;
    /// As they stand in the certificates, in lower case; with a wildcard as "*.example.org".
    std::map<std::string, std::vector<const ServerCertificate*>, std::less<>> _byName;
};

/// What the server shows of itself in handshakes; replaceable while connections are open. Thread safe. Must
/// outlive the contexts made from it.
class TlsCredentials {
  public:
    /// As CertificateChoice takes them.
    explicit TlsCredentials(std::vector<ServerCertificate::Pointer> certificates)
        : _current(std::make_shared<const CertificateChoice>(std::move(certificates))) {}

    /// Becomes like these, for handshakes that start from now on.
    void replace(const TlsCredentials& renewed);

    std::shared_ptr<const CertificateChoice> current() const;

    /// Puts the certificate for the name that the client has sent into a connection, during its handshake.
    /// False when OpenSSL refuses it.
    bool applyTo(ssl_st* connection) const;

    /// As ServerCertificate does.
    bool stapleTo(ssl_st* connection) const;

  private:
    mutable std::mutex _mutex;
    std::shared_ptr<const CertificateChoice> _current;
};

} // namespace connector
