#pragma once

#include <string>

namespace connector {

/// SHA-256 of a text in lower-case hexadecimal: to tell whether it has changed without keeping it. Any
/// thread, which is not true of Poco::Crypto::DigestEngine: where nothing else uses OpenSSL, each of them
/// sets it up and shuts it down.
std::string digestOf(const std::string& text);

} // namespace connector
