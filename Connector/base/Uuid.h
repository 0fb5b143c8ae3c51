#pragma once

#include <string>

namespace connector {

/// A new version-4 UUID (RFC 9562), 36 characters in lower case, from the kernel's CSPRNG (getrandom). Any
/// thread. Poco::UUIDGenerator draws from a seeded pseudo random generator, which is too little for a
/// passcode.
std::string randomUuid();

} // namespace connector
