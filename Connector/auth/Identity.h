#pragma once

#include "base/JsonFields.h"
#include "base/Network.h"

#include <array>
#include <string>
#include <variant>

namespace connector {

/// SHA-256 of a token. The token itself is not kept: what is not in memory can't be logged.
struct TokenDigest {
    std::array<unsigned char, 32> sha256;

    static TokenDigest of(const std::string& token);

    bool operator==(const TokenDigest&) const = default;
};

/// SHA-256 of a client certificate, in lower-case hexadecimal without colons.
struct CertificateFingerprint {
    std::string sha256;

    bool operator==(const CertificateFingerprint&) const = default;
};

/// Somebody who may call the API, and what is the proof of being that somebody. A value.
struct Identity {
    std::string name;
    std::variant<TokenDigest, Network, CertificateFingerprint> proof;

    bool operator==(const Identity&) const = default;
};

/// Reads one entry of `api.identities`: `name`, and exactly one of `token`, `network` and `certificate`.
/// Throws FieldError for anything else, unknown keys included; its message never shows a token.
Identity readIdentity(JsonFields& fields);

} // namespace connector
