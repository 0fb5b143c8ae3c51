#pragma once

#include <string>

namespace connector {

/// A new version-4 UUID (RFC 9562), 36 characters in lower case, from the kernel's CSPRNG (getrandom). Any
/// thread. Poco::UUIDGenerator, where it can't open /dev/urandom, silently makes do with a pseudo random
/// generator that is seeded with the time, which is too little for a passcode.
std::string randomUuid();

/// Whether it has the form of one, in either case.
bool isUuid(const std::string& text);

} // namespace connector
