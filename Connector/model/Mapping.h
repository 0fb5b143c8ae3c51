#pragma once

#include "model/LastUse.h"
#include "model/TrafficLimits.h"
#include "model/VisitorSettings.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace connector {

/// One of a mapping's two ports, as it was asked for.
struct Endpoint {
    /// 0: it has none of its own (Mapping::hasPorts).
    std::uint16_t port = 0;
    /// What an agent must say here; empty on port2 of a public mapping, where visitors connect.
    std::string passcode;
    /// What it was before, and until when (timestampNow()) that is as good; 0: not any more.
    std::string formerPasscode;
    Poco::Int64 formerPasscodeUntil = 0;
    /// Authorized agents at once, waiting or in a relay; 0 where visitors connect.
    int maxConnections = 0;
    /// How long an authorized agent may be silent; 0 turns the check off.
    std::chrono::milliseconds heartbeatAbsenceThreshold{0};

    bool operator==(const Endpoint&) const = default;
};

/// One opened pair of ports: a plain value, the same in the API, in the database and in the pipe opened from
/// it. Its id, its type, whether it has ports, and what agents are told of it never change; all else may.
struct Mapping {
    enum class Type { Public, Private };
    /// The types by their names, in the API, the database and the log.
    static constexpr const char* kPublic = "public";
    static constexpr const char* kPrivate = "private";

    std::string id;
    Type type = Type::Public;
    /// For people; "" when it has none.
    std::string label;
    /// Of a public mapping: what visitors call it at the front, beside its id; a DNS label that no other
    /// mapping has. "" when it has none.
    std::string name;
    /// False: agents and visitors come to the front alone, and both ports are 0.
    bool hasPorts = true;
    Endpoint endpoint1;
    Endpoint endpoint2;
    /// Of a public mapping.
    VisitorSettings visitors;
    TrafficLimits traffic;
    /// A line is written at each relay's end; nothing: as the configuration says.
    std::optional<bool> logRelays;
    /// When it was opened or imported (timestampNow()).
    Poco::Int64 created = 0;
    /// As the database had it at the start; Pipe::lastUse() has today's.
    LastUse lastUse;

    /// The name of its type.
    const char* typeName() const { return type == Type::Public ? kPublic : kPrivate; }

    bool operator==(const Mapping&) const = default;
};

} // namespace connector
