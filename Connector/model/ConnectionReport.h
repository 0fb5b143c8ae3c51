#pragma once

#include "base/Timestamp.h"

#include <Poco/Types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace connector {

/// What tells a connection from all others that the process has had, for those who ask about it. A value.
struct ConnectionTag {
    std::uint64_t number = 0;
    /// When it came (timestampNow()).
    Poco::Int64 since = 0;

    /// Of a connection that has just come. Any thread.
    static ConnectionTag next() {
        static std::atomic<std::uint64_t> last{0};
        return {last.fetch_add(1, std::memory_order_relaxed) + 1, timestampNow()};
    }
};

/// What one agent's connection, or one visitor's, is doing at the moment. A value.
struct ConnectionReport {
    enum class Kind { Agent, Visitor };
    enum class State {
        Waiting, ///< for a partner
        Relay,
        Streams, ///< of PIPE/2: it may carry any number of relays, or none
    };

    Kind kind = Kind::Agent;
    State state = State::Waiting;
    ConnectionTag tag{};
    /// The port of the mapping that it came by: 0 for port1, 1 for port2.
    std::size_t side = 0;
    /// ADDRESS:PORT.
    std::string address{};
    /// Of an agent.
    bool isPipe2 = false;
    /// Of one of PIPE/2: those that are open.
    int streams = 0;
    /// Payload that came from it, and that was sent to it.
    std::uint64_t bytesIn = 0;
    std::uint64_t bytesOut = 0;
    /// Of a visitor in a relay: the agent's ADDRESS:PORT.
    std::string agent{};
};

/// The connections of one mapping, or some of them, by their numbers. A value.
struct ConnectionReports {
    std::vector<ConnectionReport> agents;
    std::vector<ConnectionReport> visitors;
    /// There were more than are told of.
    bool areTruncated = false;
};

} // namespace connector
