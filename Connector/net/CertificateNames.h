#pragma once

#include <openssl/x509.h>

#include <string>
#include <vector>

namespace connector {

/// The host names and IP addresses that a server's certificate is for, as they stand in it: "*.example.org",
/// "192.0.2.7", "2001:db8::7". Fit for a log line or a message.
std::vector<std::string> namesIn(const X509& certificate);

/// Whether clients that reach a server under this host name or IP address take the certificate for its own.
bool isFor(const X509& certificate, const std::string& address);

} // namespace connector
