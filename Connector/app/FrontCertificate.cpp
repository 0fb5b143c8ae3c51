#include "app/FrontCertificate.h"

#include <Poco/String.h>

#include <vector>

namespace connector {

namespace {

/// A certificate may have a hundred.
constexpr std::size_t kMostNamesShown = 20;

std::string namesOf(const CertificateChoice& certificates) {
    std::vector<std::string> names;
    for (const auto& certificate : certificates.all())
        names.insert(names.end(), certificate->names().begin(), certificate->names().end());
    if (names.empty()) return "no name";
    const auto left = names.size() - std::min(names.size(), kMostNamesShown);
    names.resize(names.size() - left);
    return Poco::cat(std::string(", "), names.begin(), names.end()) +
           (left == 0 ? "" : " and " + std::to_string(left) + " more");
}

} // namespace

std::string missingWildcard(const FrontSettings& front, const CertificateChoice& certificates) {
    const auto wildcard = "*." + front.domain;
    if (front.port == 0 || front.domain.empty() || certificates.covers(wildcard)) return "";
    return "front.domain: no certificate is for " + wildcard +
           ", so visitors who come by a mapping's name will refuse what they are shown; there are "
           "certificates for " +
           namesOf(certificates);
}

} // namespace connector
