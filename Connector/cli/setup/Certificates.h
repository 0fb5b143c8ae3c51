#pragma once

#include <Poco/Crypto/X509Certificate.h>

#include <string>
#include <vector>

namespace connector {

/// The host names and IP addresses that a server's certificate is for, as they stand in it: "*.example.org",
/// "192.0.2.7", "2001:db8::7". Fit for a log line or a message.
std::vector<std::string> namesIn(const Poco::Crypto::X509Certificate& certificate);

/// Whether clients that reach a server under this host name or IP address take the certificate for its own.
bool isFor(const Poco::Crypto::X509Certificate& certificate, const std::string& address);

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
