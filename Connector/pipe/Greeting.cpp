#include "pipe/Greeting.h"

#include <openssl/crypto.h>

namespace connector {

Greeting::Verdict Greeting::add(std::span<const std::byte> bytes) {
    if (bytes.size() > _passcode.size() - _received.size()) return Verdict::Refused;
    _received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (_received.size() < _passcode.size()) return Verdict::Incomplete;
    const bool right = ::CRYPTO_memcmp(_received.data(), _passcode.data(), _passcode.size()) == 0;
    return right ? Verdict::Accepted : Verdict::Refused;
}

} // namespace connector
