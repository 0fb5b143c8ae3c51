#pragma once

#include "ConnectorProcess.h"

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <map>
#include <string>

namespace connector::test {

/// One server-sent event: its fields, by name, and its data, which must be a JSON object.
struct ServerEvent {
    std::map<std::string, std::string> fields;
    Poco::JSON::Object::Ptr data;

    std::string name() const { return fields.count("event") ? fields.at("event") : ""; }
    std::string id() const { return fields.count("id") ? fields.at("id") : ""; }
    std::string text(const std::string& key) const { return data->optValue<std::string>(key, ""); }
};

/// Somebody who listens to GET /api/v2/events, and reads no more than a test asks for.
class EventClient {
  public:
    struct Options {
        /// Sent as Last-Event-ID, unless it is empty.
        std::string lastEventId{};
        std::string token{};
        /// GET or HEAD.
        std::string method = "GET";
        ConnectOptions connect{};
    };

    /// Returns when the stream has begun. Throws std::runtime_error with the answer when that is not 200.
    EventClient(const ConnectorProcess& connector, std::uint16_t apiPort, const Options& options);

    /// The answer's head.
    const std::string& head() const { return _head; }

    /// The next event; comments before it are left out.
    ServerEvent next();

    /// Reads to the next comment.
    void awaitComment();

    PipeClient& connection() { return _connection; }

  private:
    /// What is up to the next empty line.
    std::string nextBlock();

    PipeClient _connection;
    std::string _head;
};

} // namespace connector::test
