#pragma once

#include "cli/ConnectorApi.h"

#include <Poco/JSON/Object.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace connector {

// What the API says at one moment. Values. Texts are as the server sends them: not fit for a terminal yet.

/// A mapping; index 0 is what belongs to port1, and 1 to port2.
struct MappingSample {
    std::string id;
    std::string label;
    std::string name;
    std::string type;
    std::string state;
    bool isPublic = true;
    std::array<int, 2> ports{};
    /// Those that wait; of a public mapping, port2 has none.
    std::array<std::int64_t, 2> agents{};
    std::int64_t visitors = 0; ///< those that wait
    std::int64_t relays = 0;
    std::array<std::int64_t, 2> bytesFrom{}; ///< since the start of the server
    std::int64_t refused = 0;                ///< visitors, since the start of the server
    std::int64_t lastAgent = 0;              ///< ms since 1970; 0: none ever
};

/// The server as a whole.
struct ServerSample {
    std::string version;
    std::string database;
    std::int64_t timestamp = 0; ///< ms since 1970
    std::chrono::milliseconds uptime{};
    std::int64_t mappings = 0;
    std::int64_t degraded = 0;
    std::int64_t damaged = 0;
    std::int64_t agents = 0;
    std::int64_t visitors = 0;
    std::int64_t relays = 0;
    std::int64_t descriptors = 0;
    std::int64_t freeDescriptors = 0;
    std::int64_t freePorts = 0;
};

/// An agent or a visitor that is connected.
struct ConnectionSample {
    std::int64_t number = 0; ///< unique as long as the server runs
    bool isAgent = true;
    int port = 0;
    std::string address;
    std::int64_t since = 0; ///< ms since 1970
    std::string state;
    std::string protocol;                ///< of an agent
    std::optional<std::int64_t> streams; ///< of an agent with PIPE/2
    std::string agent;                   ///< of a visitor in a relay: the agent's address
    std::int64_t bytesIn = 0;            ///< from the peer
    std::int64_t bytesOut = 0;           ///< to the peer
};

/// The connections of one mapping.
struct ConnectionsSample {
    std::string id;
    /// A server of before has no list of them; and none has one of a mapping that is gone.
    bool areKnown = false;
    bool isTruncated = false;
    std::vector<ConnectionSample> connections;
    std::chrono::steady_clock::time_point when;
};

/// The server and all of its mappings.
struct Snapshot {
    ServerSample server;
    std::vector<MappingSample> mappings;
    std::chrono::steady_clock::time_point when;
};

MappingSample mappingIn(const Poco::JSON::Object& json);
ServerSample serverIn(const Poco::JSON::Object& json);
/// json: what GET /api/v2/mapping/{id}/connections says.
std::vector<ConnectionSample> connectionsIn(const Poco::JSON::Object& json);

/// These ask the server. They throw CommandError, and Poco::Exception for an answer that makes no sense.
Snapshot takeSnapshot(ConnectorApi& api);
ConnectionsSample takeConnections(ConnectorApi& api, const std::string& id);

} // namespace connector
