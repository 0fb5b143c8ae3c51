#pragma once

#include "ConnectorSetup.h"

#include <Poco/JSON/Object.h>

#include <string>
#include <vector>

namespace connector::test {

/// The token that withOperator() puts into a configuration.
inline const std::string kOperatorToken = "operator-0123456789abcdef";

/// Gives the API identities: in TLS mode, as in production, a stranger's network and an operator with a
/// token.
ConnectorSetup& withOperator(ConnectorSetup& setup);

/// Runs `iofog-connector --config=... WORD...` to its end.
Finished runCommand(const ConnectorSetup& setup, const std::vector<std::string>& words);

/// The same with --json, which must succeed; the JSON that it prints.
Poco::JSON::Object::Ptr jsonOf(const ConnectorSetup& setup, std::vector<std::string> words);

/// Whether it has failed with this exit code, and says all of this.
bool hasFailed(const Finished& finished, int exitCode, const std::vector<std::string>& says);

bool says(const Finished& finished, const std::string& text);

/// For the messages of tests.
std::string shown(const Finished& finished);

/// Exit codes, as in sysexits.h.
inline constexpr int kUsage = 64;
inline constexpr int kDataError = 65;
inline constexpr int kNoInput = 66;
inline constexpr int kUnavailable = 69;
inline constexpr int kCantCreate = 73;
inline constexpr int kIoError = 74;
inline constexpr int kTryAgain = 75;
inline constexpr int kProtocol = 76;
inline constexpr int kNoPermission = 77;
inline constexpr int kConfig = 78;

} // namespace connector::test
