#pragma once

#include <string>
#include <vector>

namespace connector {

/// A new P-256 key and a certificate that it has signed itself: for names and addresses, for ten years. A
/// value.
struct SelfSignedCertificate {
    /// PEM.
    std::string certificate;
    std::string key;

    /// addresses: host names, and IPv4 or IPv6 addresses, at least one; the first becomes the common name.
    /// Throws std::runtime_error when OpenSSL fails.
    static SelfSignedCertificate make(const std::vector<std::string>& addresses);
};

} // namespace connector
