#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// What Connector answers to an agent of PIPE/2 whose passcode is right (doc/protocol.md). A value.
struct Authorization {
    /// The mapping's threshold for the agent's silence; 0: there is none.
    std::chrono::milliseconds heartbeat{0};
    /// How many connections Connector recommends.
    std::size_t connections = 0;
    /// One more is recommended while each has more than so many streams open.
    std::size_t streams = 0;
    /// Tells this Connector from every other that there is or was: one that was started again is another.
    /// Without spaces; empty: not said.
    std::string instance{};

    /// The line as it is sent, with its end.
    std::string toString() const;

    /// Understands a line without its end; what it does not name is 0, and what it names and is not known
    /// here is left out. Nothing when it is no such line.
    static std::optional<Authorization> parse(std::string_view line);
};

} // namespace connector
