#pragma once

#include <string>

namespace connector {

/// A new P-256 key and a certificate that it has signed itself: for a name or address, for ten years. A
/// value.
struct SelfSignedCertificate {
    /// PEM.
    std::string certificate;
    std::string key;

    /// address: a host name, or an IPv4 or IPv6 address. Throws std::runtime_error when OpenSSL fails.
    static SelfSignedCertificate make(const std::string& address);
};

} // namespace connector
