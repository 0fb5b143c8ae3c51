#include "base/Digest.h"

#include <Poco/DigestEngine.h>

#include <openssl/sha.h>

namespace connector {

std::string digestOf(const std::string& text) {
    Poco::DigestEngine::Digest digest(SHA256_DIGEST_LENGTH);
    ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return Poco::DigestEngine::digestToHex(digest);
}

} // namespace connector
