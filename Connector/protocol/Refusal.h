#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// What Connector answers to an agent of PIPE/2 whom it does not authorize, before it closes
/// (doc/protocol.md). A value.
struct Refusal {
    static constexpr std::string_view kWrongPasscode = "wrong passcode";

    /// One line of printable ASCII, for people; an agent knows kWrongPasscode.
    std::string reason;
    /// Authorization::instance; empty: not said.
    std::string instance{};

    /// The line as it is sent, with its end.
    std::string toString() const;

    /// Understands a line without its end. Nothing when it is no such line.
    static std::optional<Refusal> parse(std::string_view line);
};

} // namespace connector
