#include "Fleet.h"

#include "PipeActions.h"

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>

namespace connector::test {

PostgresServer& sharedServer() {
    static PostgresServer server;
    return server;
}

Fleet::Fleet(std::size_t size, const FleetOptions& options) {
    for (std::size_t i = 0; i < size; ++i) {
        const auto mode = options.hasFront ? Mode::Tls : Mode::Plain;
        auto& setup = *_setups.emplace_back(std::make_unique<ConnectorSetup>(mode));
        setup.setJson("ports", "[\"" + _ports.range(1, options.mappingPorts) + "\"]");
        setup.set("pipes.bind", host(i));
        setup.set("node", "node" + std::to_string(i));
        setup.unset("database");
        setup.set("database.url", sharedServer().uri(_database));
        setup.set("database.password-file", sharedServer().passwordFile());
        setup.set("database.cache", cache(i));
        if (options.hasFront)
            addFront(setup, static_cast<std::uint16_t>(_ports.first() + options.mappingPorts + 1));
        for (const auto& [name, value] : options.limits)
            setup.set("limits." + name, value);
        _nodes.push_back(std::make_unique<ConnectorProcess>(setup));
    }
}

void Fleet::start(std::size_t index) {
    _nodes.at(index).reset();
    _nodes.at(index) = std::make_unique<ConnectorProcess>(setup(index));
}

int Fleet::stop(std::size_t index) {
    return node(index).stop();
}

void Fleet::kill(std::size_t index) {
    node(index).kill();
}

Fleet::Relay Fleet::relay(std::size_t index, const AddedMapping& mapping) {
    auto agent = node(index).agent(mapping.port1, mapping.passcode1, {}, host(index));
    auto visitor = node(index).connect(mapping.port2, {}, host(index));
    return {std::move(visitor), std::move(agent)};
}

bool Fleet::serves(std::size_t index, const AddedMapping& mapping) {
    auto [visitor, agent] = relay(index, mapping);
    return areJoined(visitor, agent);
}

bool Fleet::listens(std::size_t index, std::uint16_t port) const {
    try {
        const Poco::Net::StreamSocket socket(Poco::Net::SocketAddress(host(index), port));
        return true;
    } catch (const Poco::Exception&) {
        return false;
    }
}

void Fleet::waitUntilAllServe(const AddedMapping& mapping) {
    for (std::size_t i = 0; i < _nodes.size(); ++i) {
        waitUntil("node " + std::to_string(i) + " listens",
                  [&] { return listens(i, mapping.port1) && listens(i, mapping.port2); });
        if (!serves(i, mapping)) throw std::runtime_error(node(i).log());
    }
}

void Fleet::waitUntilNobodyListens(const AddedMapping& mapping) const {
    for (std::size_t i = 0; i < _nodes.size(); ++i)
        waitUntil("node " + std::to_string(i) + " does not listen",
                  [&] { return !listens(i, mapping.port1) && !listens(i, mapping.port2); });
}

void Fleet::waitForState(std::size_t index, const std::string& database) {
    waitUntil("database: " + database,
              [&] { return api(index).get("/api/v2/status").field("database") == database; });
}

} // namespace connector::test
