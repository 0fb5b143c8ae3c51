#pragma once

#include "auth/Identity.h"

#include <Poco/Net/IPAddress.h>

#include <string>
#include <vector>

namespace connector {

/// What a caller shows of itself.
struct Credentials {
    Poco::Net::IPAddress address;
    /// The Authorization header; "" when there was none.
    std::string authorization;
    /// SHA-256 fingerprint of the client certificate in lower-case hexadecimal; "" when there was none.
    std::string certificate;
};

/// The callers that the API knows. Immutable, so any thread may ask.
class Identities {
  public:
    enum class Verdict {
        Known,
        Anonymous,  ///< none of those that are known, and needs to be none
        NeedsToken, ///< a token would help: 401
        Forbidden,  ///< nothing that the caller could send would help: 403
    };
    /// What callers are called that need no identity.
    static constexpr const char* kAnonymous = "anonymous";

    struct Recognition {
        Verdict verdict;
        /// The identity's name; kAnonymous when Anonymous, else "" unless Known.
        std::string name;
    };

    /// anonymous: whoever is none of `known` is Anonymous. Without any identity everybody is. proxies: a
    /// caller at one of these addresses may be anybody whom a proxy there can't name, so the address is no
    /// proof.
    Identities(std::vector<Identity> known, bool anonymous, std::vector<Network> proxies = {});

    /// The first identity that the caller proves to be; the time taken tells nothing about the tokens.
    Recognition recognize(const Credentials& caller) const;

    bool operator==(const Identities&) const = default;

  private:
    std::vector<Identity> _known;
    std::vector<Network> _proxies;
    bool _anonymous;
    bool _tokensExist;
};

} // namespace connector
