#include "EventClient.h"

#include <Poco/JSON/Parser.h>

#include <sstream>
#include <stdexcept>

namespace connector::test {

EventClient::EventClient(const ConnectorProcess& connector, std::uint16_t apiPort, const Options& options)
    : _connection(connector.connect(apiPort, options.connect)) {
    auto request = options.method + " /api/v2/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
    if (!options.lastEventId.empty()) request += "Last-Event-ID: " + options.lastEventId + "\r\n";
    if (!options.token.empty()) request += "Authorization: Bearer " + options.token + "\r\n";
    _connection.send(request + "\r\n");
    _head = _connection.readThrough("\r\n\r\n");
    if (_head.find(" 200 ") == std::string::npos) throw std::runtime_error(_head + _connection.readToEnd());
    if (options.method != "HEAD") nextBlock(); // "retry"
}

ServerEvent EventClient::next() {
    for (;;) {
        std::istringstream block(nextBlock());
        ServerEvent event;
        for (std::string line; std::getline(block, line);) {
            const auto colon = line.find(": ");
            if (colon == std::string::npos || colon == 0) continue;
            event.fields[line.substr(0, colon)] = line.substr(colon + 2);
        }
        if (!event.fields.contains("data")) continue;
        event.data = Poco::JSON::Parser().parse(event.fields.at("data")).extract<Poco::JSON::Object::Ptr>();
        return event;
    }
}

void EventClient::awaitComment() {
    while (nextBlock() != ":\n\n") {
    }
}

std::string EventClient::nextBlock() {
    return _connection.readThrough("\n\n");
}

} // namespace connector::test
