#include "auth/Identity.h"

#include <Poco/Ascii.h>
#include <Poco/String.h>

#include <algorithm>
#include <openssl/sha.h>

namespace connector {

namespace {

/// Shorter ones could be guessed over the network.
constexpr std::size_t kMinToken = 16;
/// Log lines carry the name.
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kFingerprintDigits = 64;

bool isVisibleAscii(char character) {
    return character > ' ' && character < '\x7F';
}

std::string readName(JsonFields& fields) {
    auto name = fields.text("name");
    const bool printable = std::none_of(name.begin(), name.end(), [](char character) {
        return static_cast<unsigned char>(character) < ' ' || character == '\x7F';
    });
    if (Poco::trim(name).empty() || name.size() > kMaxName || !printable)
        fields.refuse("name", "1 to 64 bytes of text without control characters");
    return name;
}

TokenDigest readToken(JsonFields& fields) {
    const auto token = fields.text("token");
    if (token.size() < kMinToken || !std::all_of(token.begin(), token.end(), isVisibleAscii))
        throw FieldError(fields.pathOf("token") +
                         ": it must be at least 16 characters of printable ASCII without spaces");
    return TokenDigest::of(token);
}

Network readNetwork(JsonFields& fields) {
    const auto network = Network::parse(fields.text("network"));
    if (!network)
        fields.refuse("network", "an IPv4 or IPv6 network without host bits, as in \"192.0.2.0/24\", "
                                 "\"192.0.2.7/32\" or \"2001:db8::/32\"");
    return *network;
}

CertificateFingerprint readFingerprint(JsonFields& fields) {
    const auto digits = Poco::toLower(Poco::remove(fields.text("certificate"), ':'));
    if (digits.size() != kFingerprintDigits ||
        !std::all_of(digits.begin(), digits.end(), [](char digit) { return Poco::Ascii::isHexDigit(digit); }))
        fields.refuse("certificate", "the SHA-256 fingerprint of a client certificate, 64 hexadecimal digits "
                                     "with or without colons");
    return {digits};
}

} // namespace

TokenDigest TokenDigest::of(const std::string& token) {
    TokenDigest digest{};
    ::SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.sha256.data());
    return digest;
}

Identity readIdentity(JsonFields& fields) {
    auto name = readName(fields);
    const int proofs = fields.has("token") + fields.has("network") + fields.has("certificate");
    if (proofs != 1)
        throw FieldError(fields.pathOf("name") + ": \"" + name +
                         "\" must have exactly one of token, network and certificate");

    std::optional<Identity> identity;
    if (fields.has("token"))
        identity = {name, readToken(fields)};
    else if (fields.has("network"))
        identity = {name, readNetwork(fields)};
    else
        identity = {name, readFingerprint(fields)};
    fields.refuseUnknown();
    return *identity;
}

} // namespace connector
