#pragma once

#include <string>
#include <string_view>

namespace connector {

/// Where an authority asks for challenges, with their tokens behind it (RFC 8555, section 8.3).
inline constexpr std::string_view kChallengePath = "/.well-known/acme-challenge/";

/// The most bytes that a challenge's file may have; a usual one has 87.
inline constexpr std::size_t kLargestChallenge = 4096;

/// What an ACME client has put under the webroot for an authority to see. Never anything else of the file
/// system: the token must be one, and what has its name a plain file. Any thread. Throws FileReadError, which
/// says why there is none.
std::string challengeIn(const std::string& webroot, std::string_view token);

} // namespace connector
