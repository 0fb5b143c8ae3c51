#pragma once

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <optional>
#include <string>

namespace connector {

/// What can be said of a mapping when it is opened, and again later; what is not given stays as it is. A
/// value.
struct MappingSettings {
    std::optional<std::string> label;
    bool noLabel = false;
    std::optional<std::string> name;
    bool noName = false;
    std::optional<std::int64_t> port1;
    std::optional<std::int64_t> port2;
    /// Names of protocols, separated by commas.
    std::optional<std::string> alpn;
    bool noAlpn = false;
    bool tls = false;
    bool noTls = false;
    std::optional<std::int64_t> visitorsPerAddress;
    std::optional<std::int64_t> visitorRate;
    /// Networks, separated by commas; empty: none.
    std::optional<std::string> allow;
    std::optional<std::string> deny;
    std::optional<std::int64_t> relayIdle; ///< ms
    std::optional<std::int64_t> bandwidth; ///< bytes a second
    bool logRelays = false;
    bool noLogRelays = false;
    /// Names of options above, without dashes before them and separated by commas: what is to be as the
    /// configuration says.
    std::optional<std::string> defaults;
};

/// Sets the members that these stand for in the API; none when none is given. Throws CommandError when they
/// contradict each other.
void setMembers(const MappingSettings& settings, Poco::JSON::Object& mapping);

/// Throws CommandError, with the option's name, when one is given that only public mappings have.
void refuseVisitorOptions(const MappingSettings& settings);

} // namespace connector
