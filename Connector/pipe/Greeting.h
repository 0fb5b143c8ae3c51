#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace connector {

/// Answered to an agent of PIPE/1 whose passcode is right (doc/protocol.md).
inline constexpr std::string_view kAuthorized = "AUTHORIZED";

/// What an agent says first, as PIPE/1 has it: the passcode and nothing else.
///
/// Nothing is decided before the greeting is complete, and then it is decided in constant time, so that
/// neither the verdict nor its moment tells a stranger how much of a guess was right.
class Greeting {
  public:
    enum class Verdict { Incomplete, Accepted, Refused };

    /// passcode: not empty; must outlive the greeting.
    explicit Greeting(std::string_view passcode) : _passcode(passcode) {}

    /// Takes the next bytes from the agent. Not to be called after a verdict.
    Verdict add(std::span<const std::byte> bytes);

    bool hasBegun() const { return !_received.empty(); }

  private:
    std::string_view _passcode;
    std::string _received;
};

} // namespace connector
