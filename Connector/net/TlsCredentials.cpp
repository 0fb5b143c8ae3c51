#include "net/TlsCredentials.h"

#include "base/HostName.h"

#include <Poco/Net/IPAddress.h>
#include <Poco/String.h>

#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>

namespace connector {

namespace {

/// "" when the client has sent none.
std::string_view nameFor(const ssl_st* connection) {
    const auto* name = ::SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    return name ? name : "";
}

/// Clients name hosts only (RFC 6066, section 3).
bool isAddress(const std::string& name) {
    Poco::Net::IPAddress address;
    return Poco::Net::IPAddress::tryParse(name, address);
}

/// The wildcard that stands for it: "*.example.org" for "a.example.org".
std::string wildcardFor(std::string_view name) {
    return "*" + std::string(name.substr(std::min(name.find('.'), name.size())));
}

} // namespace

CertificateChoice::CertificateChoice(std::vector<ServerCertificate::Pointer> certificates)
    : _certificates(std::move(certificates)) {
    for (const auto& certificate : _certificates)
        for (const auto& name : certificate->names())
            if (!isAddress(name)) _byName[Poco::toLower(name)].push_back(certificate.get());
}

const ServerCertificate& CertificateChoice::of(std::string_view name, std::time_t now) const {
    const auto wanted = plainHostName(name);
    const ServerCertificate* first = nullptr;
    for (const auto& key : {wanted, wildcardFor(wanted)}) {
        const auto found = _byName.find(key);
        if (found == _byName.end()) continue;
        for (const auto* certificate : found->second) {
            if (certificate->isValidAt(now)) return *certificate;
            if (!first) first = certificate;
        }
    }
    return first ? *first : *_certificates.front();
}

void TlsCredentials::replace(const TlsCredentials& renewed) {
    auto next = renewed.current();
    const std::lock_guard lock(_mutex);
    _current.swap(next);
}

std::shared_ptr<const CertificateChoice> TlsCredentials::current() const {
    const std::lock_guard lock(_mutex);
    return _current;
}

bool TlsCredentials::applyTo(ssl_st* connection) const {
    return current()->of(nameFor(connection), std::time(nullptr)).applyTo(connection);
}

bool TlsCredentials::stapleTo(ssl_st* connection) const {
    return current()->of(nameFor(connection), std::time(nullptr)).stapleTo(connection);
}

} // namespace connector
