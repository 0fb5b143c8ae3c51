#include "auth/Identities.h"

#include <Poco/String.h>

#include <algorithm>
#include <openssl/crypto.h>

namespace connector {

namespace {

/// The token of "Bearer <token>"; nothing for any other header.
std::optional<TokenDigest> bearerToken(const std::string& authorization) {
    constexpr std::string_view kScheme = "Bearer ";
    if (Poco::icompare(authorization, 0, kScheme.size(), kScheme.data()) != 0) return std::nullopt;
    return TokenDigest::of(Poco::trim(authorization.substr(kScheme.size())));
}

/// Whether a caller is one particular identity.
struct Proves {
    const Credentials& caller;
    const bool isProxy; ///< at its address there is one
    const std::optional<TokenDigest>& token;

    bool operator()(const TokenDigest& known) const {
        return token && ::CRYPTO_memcmp(token->sha256.data(), known.sha256.data(), known.sha256.size()) == 0;
    }
    bool operator()(const Network& known) const { return !isProxy && known.contains(caller.address); }
    bool operator()(const CertificateFingerprint& known) const { return caller.certificate == known.sha256; }
};

} // namespace

Identities::Identities(std::vector<Identity> known, bool anonymous, std::vector<Network> proxies)
    : _known(std::move(known)), _proxies(std::move(proxies)), _anonymous(anonymous || _known.empty()),
      _tokensExist(std::any_of(_known.begin(), _known.end(), [](const Identity& identity) {
          return std::holds_alternative<TokenDigest>(identity.proof);
      })) {}

Identities::Recognition Identities::recognize(const Credentials& caller) const {
    const auto token = bearerToken(caller.authorization);
    const bool isProxy = contain(_proxies, caller.address);
    const Identity* match = nullptr;
    // No early exit: which of the tokens matched must not show in the time.
    for (const auto& identity : _known) {
        const bool proven = std::visit(Proves{caller, isProxy, token}, identity.proof);
        if (proven && !match) match = &identity;
    }
    if (match) return {Verdict::Known, match->name};
    if (_anonymous) return {Verdict::Anonymous, kAnonymous};
    return {_tokensExist || token ? Verdict::NeedsToken : Verdict::Forbidden, ""};
}

} // namespace connector
