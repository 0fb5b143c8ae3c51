#include "mapping/MappingPorts.h"

#include "mapping/MappingError.h"

#include <Poco/Exception.h>
#include <Poco/Format.h>
#include <Poco/Logger.h>
#include <Poco/Net/NetException.h>

namespace connector {

namespace {

/// The names of a mapping's ports in the API.
constexpr std::array kPortKeys{"port1", "port2"};

bool hasPort(const Mapping& mapping, std::uint16_t port) {
    return mapping.endpoint1.port == port || mapping.endpoint2.port == port;
}

} // namespace

MappingPorts::MappingPorts(PipeEnvironment& environment, PortPool& pool)
    : _environment(environment), _pool(pool) {}

void MappingPorts::keepFor(const Mapping& mapping) {
    for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port}) {
        if (port == 0) continue;
        _pool.remove(port);
        _owners[port] = mapping.id;
    }
}

MappingPorts::Listeners MappingPorts::openAgain(const Mapping& mapping) {
    keepFor(mapping);
    if (!mapping.hasPorts) return {};
    return {listenAgain(mapping, mapping.endpoint1), listenAgain(mapping, mapping.endpoint2)};
}

MappingPorts::Listeners MappingPorts::openChanged(const Mapping& former, const Mapping& wanted) {
    keepFor(wanted);
    Listeners listeners;
    if (wanted.endpoint1.port != former.endpoint1.port) listeners[0] = listenAgain(wanted, wanted.endpoint1);
    if (wanted.endpoint2.port != former.endpoint2.port) listeners[1] = listenAgain(wanted, wanted.endpoint2);
    return listeners;
}

Pipe::Listeners MappingPorts::listenAgain(const Mapping& mapping, const Endpoint& endpoint) {
    try {
        return _environment.listen(endpoint.port);
    } catch (const Poco::Exception& error) {
        Poco::Logger::get("mapping").error("mapping %s is degraded, its port %hu can't be opened: %s",
                                           mapping.id, endpoint.port, error.displayText());
        return {};
    }
}

/// Certain ports first, or one of them might be chosen for the other.
MappingPorts::Listeners MappingPorts::open(const Mapping& former, Mapping& wanted) {
    if (!wanted.hasPorts) return {};
    const std::array<std::uint16_t, 2> before{former.endpoint1.port, former.endpoint2.port};
    const std::array ports{&wanted.endpoint1.port, &wanted.endpoint2.port};
    Listeners listeners;
    std::vector<std::uint16_t> taken;
    const auto take = [&](std::size_t i) {
        listeners[i] = *ports[i] == 0 ? listenOnFreePort(*ports[i]) : listenOnPort(kPortKeys[i], *ports[i]);
        taken.push_back(*ports[i]);
    };
    try {
        for (std::size_t i = 0; i < ports.size(); ++i)
            if (*ports[i] != 0 && *ports[i] != before[i]) take(i);
        for (std::size_t i = 0; i < ports.size(); ++i)
            if (*ports[i] == 0) take(i);
        return listeners;
    } catch (...) {
        for (const auto port : taken)
            _pool.giveBack(port);
        throw;
    }
}

Pipe::Listeners MappingPorts::listenOnPort(const std::string& key, std::uint16_t port) {
    refuseTaken(key, port);
    _pool.remove(port);
    try {
        return _environment.listen(port);
    } catch (const Poco::Net::NetException& error) {
        _pool.giveBack(port);
        throw PortTaken(
            Poco::format("%s: %hu is taken by another program: %s", key, port, error.displayText()));
    } catch (const Poco::Exception& error) {
        _pool.giveBack(port);
        throw NoFreePorts(Poco::format("%s: %hu can't be opened: %s", key, port, error.displayText()));
    }
}

void MappingPorts::refuseTaken(const std::string& key, std::uint16_t port) const {
    if (!_pool.knows(port))
        throw UnfitSettings(Poco::format("%s: %hu is not for mappings; it must be one of \"ports\" in the "
                                         "server's configuration, and not in \"exclude\"",
                                         key, port));
    if (_pool.isFree(port)) return;
    const auto owner = _owners.find(port);
    throw PortTaken(Poco::format("%s: %hu is taken by ", key, port) +
                    (owner == _owners.end() ? "a mapping that is just being opened or closed"
                                            : "mapping " + owner->second));
}

Pipe::Listeners MappingPorts::listenOnFreePort(std::uint16_t& port) {
    std::string lastFailure = "all are taken by mappings";
    for (auto left = _pool.freeCount(); left > 0; --left) {
        const auto candidate = _pool.take();
        try {
            auto listeners = _environment.listen(candidate);
            port = candidate;
            return listeners;
        } catch (const Poco::Net::NetException& error) { // something else has it; the next one may be free
            _pool.giveBack(candidate);
            lastFailure = Poco::format("the last one tried, %hu: %s", candidate, error.displayText());
        } catch (const Poco::Exception& error) {
            _pool.giveBack(candidate);
            throw NoFreePorts("no port can be opened: " + error.displayText());
        }
    }
    throw NoFreePorts("there are no two free ports; " + lastFailure);
}

void MappingPorts::giveBack(const Mapping& mapping, const Mapping& keeper) {
    for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port}) {
        if (port == 0 || hasPort(keeper, port)) continue;
        const auto owner = _owners.find(port);
        if (owner != _owners.end()) {
            if (owner->second != mapping.id) continue;
            _owners.erase(owner);
        }
        _pool.giveBack(port);
    }
}

} // namespace connector
