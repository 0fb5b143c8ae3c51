#pragma once

#include "net/OpenSslPointers.h"

#include <string>
#include <vector>

namespace connector {

/// What PEM files hold, as OpenSSL has it. All functions throw TlsError, which names the file, when it can't
/// be read, or has nothing of the kind in it. Any thread.

/// All certificates of a file, in their order; at least one. what: what a message calls them.
std::vector<CertificatePointer> certificatesOf(const std::string& file, const std::string& what);

/// The same of a text. name: what a message calls it.
std::vector<CertificatePointer> certificatesIn(const std::string& pem, const std::string& name);

/// A private key without a passphrase: it would have to be typed in at every start.
KeyPointer keyOf(const std::string& file);

} // namespace connector
