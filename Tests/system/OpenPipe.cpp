#include "OpenPipe.h"

namespace connector::test {

namespace {

ConnectorSetup& prepare(ConnectorSetup& setup, const PipeOptions& options) {
    for (const auto& [name, value] : options.limits)
        setup.set("limits." + name, value);
    for (const auto& [key, json] : options.settings)
        setup.setJson(key, json);
    if (options.descriptors != 0) setup.limitDescriptors(options.descriptors);
    return setup;
}

std::string publicJson(const PipeOptions& options) {
    return publicMapping(options.maxConnections, options.heartbeatAbsenceThreshold);
}

std::string privateJson(const PipeOptions& options) {
    return privateMapping(options.maxConnections, options.heartbeatAbsenceThreshold);
}

/// The first message of a relay.
void greet(PipeClient& opener, PipeClient& opened) {
    const std::string greeting = "hello";
    opener.send(greeting);
    const auto received = opened.readExactly(greeting.size());
    if (received != greeting)
        throw std::runtime_error("\"" + received + "\" came instead of the first message");
}

} // namespace

OpenPipe::OpenPipe(Mode mode, const std::string& mappingJson, const PipeOptions& options)
    : _setup(mode), _connector(prepare(_setup, options)), _mapping(_connector.api().add(mappingJson)) {}

PipeClient OpenPipe::agent1(const ConnectOptions& options) const {
    return _connector.agent(_mapping.port1, _mapping.passcode1, options);
}

PipeClient OpenPipe::agent2(const ConnectOptions& options) const {
    return _connector.agent(_mapping.port2, _mapping.passcode2, options);
}

void OpenPipe::waitUntilRelaysStall() const {
    waitUntilStalled("what is relayed", [this] {
        return static_cast<std::uint64_t>(count("bytesfromport1") + count("bytesfromport2"));
    });
}

OpenPublicPipe::OpenPublicPipe(Mode mode, const PipeOptions& options)
    : OpenPipe(mode, publicJson(options), options) {}

PipeClient OpenPublicPipe::waitingAgent(const ConnectOptions& options) const {
    const auto waiting = count("agentswaiting");
    auto agent = agent1(options);
    waitFor("agentswaiting", waiting + 1);
    return agent;
}

PipeClient OpenPublicPipe::visitor(const ConnectOptions& options) const {
    return connector().connect(mapping().port2, options);
}

std::pair<PipeClient, PipeClient> OpenPublicPipe::relay(const ConnectOptions& visitorOptions,
                                                        const ConnectOptions& agentOptions) const {
    auto agent = waitingAgent(agentOptions);
    auto client = visitor(visitorOptions);
    greet(client, agent);
    return {std::move(client), std::move(agent)};
}

OpenPrivatePipe::OpenPrivatePipe(Mode mode, const PipeOptions& options)
    : OpenPipe(mode, privateJson(options), options) {}

std::pair<PipeClient, PipeClient> OpenPrivatePipe::relay(const ConnectOptions& options1,
                                                         const ConnectOptions& options2) const {
    auto first = agent1(options1);
    auto second = agent2(options2);
    greet(first, second);
    return {std::move(first), std::move(second)};
}

std::ostream& operator<<(std::ostream& out, Door door) {
    constexpr std::array names{"port1 of a public mapping", "port1 of a private mapping",
                               "port2 of a private mapping"};
    return out << names.at(static_cast<std::size_t>(door));
}

DoorPipe::DoorPipe(Mode mode, Door door, const PipeOptions& options)
    : OpenPipe(mode, door == Door::PublicPort1 ? publicJson(options) : privateJson(options), options),
      _door(door) {}

std::uint16_t DoorPipe::port() const {
    return _door == Door::PrivatePort2 ? mapping().port2 : mapping().port1;
}

const std::string& DoorPipe::passcode() const {
    return _door == Door::PrivatePort2 ? mapping().passcode2 : mapping().passcode1;
}

void DoorPipe::waitForAgents(std::int64_t expected) const {
    constexpr std::array counts{"agentswaiting", "agentswaitingport1", "agentswaitingport2"};
    waitFor(counts.at(static_cast<std::size_t>(_door)), expected);
}

} // namespace connector::test
