#include "HostNames.h"
#include "SeveralConnectors.h"
#include "Skipping.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <utility>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// A fleet with a public mapping, and the target that its visitors are to reach.
struct Service {
    explicit Service(Mode mode, std::size_t size = 2) : fleet(mode, size) {}

    Poco::JSON::Object::Ptr pipe(const std::vector<std::string>& hosts) {
        auto pipe = agentPipe(fleet.setup(), fleet.mapping(),
                              {.localPort = target.port(), .connections = 2, .hosts = hosts});
        pipe->set("resolveinterval", 1000);
        return pipe;
    }

    void waitForAgents(std::size_t number, int expected) { fleet.waitFor(number, "agentswaiting", expected); }

    /// A visitor of that Connector, and the target's end of its conversation.
    std::pair<PipeClient, PipeClient> visit(std::size_t number) {
        auto visitor = fleet.connect(number, fleet.mapping().port2);
        visitor.send("hello");
        auto server = target.accept();
        if (server.readExactly(5) != "hello" || !areJoined(visitor, server))
            throw std::runtime_error("the visitor is not joined to its target");
        return {std::move(visitor), std::move(server)};
    }

    /// Whether that Connector has never lost a connection of the agent's.
    bool isUndisturbed(std::size_t number) {
        return fleet[number].log().find(" lost: ") == std::string::npos &&
               fleet[number].log().find(" goes away") == std::string::npos;
    }

    TestTarget target;
    SeveralConnectors fleet;
};

/// A private mapping on two Connectors, with a real agent on either side that knows both.
struct PrivateService {
    /// calledHosts: those that the called agent knows, if not both.
    PrivateService(Mode mode, AgentProtocol protocol, const std::vector<std::string>& calledHosts = {})
        : fleet(mode, 2, SeveralConnectors::Type::Private, {{"visitor-wait", 1000}}),
          called(fleet.setup(),
                 {pipe(Side::Port1, "connect", target.port(),
                       calledHosts.empty() ? fleet.addresses() : calledHosts)},
                 protocol),
          calling(fleet.setup(), {pipe(Side::Port2, "listen", clientPort(), fleet.addresses())}, protocol) {}

    Poco::JSON::Object::Ptr pipe(Side side, const std::string& role, std::uint16_t port,
                                 const std::vector<std::string>& hosts) {
        return agentPipe(fleet.setup(), fleet.mapping(),
                         {.side = side, .role = role, .localPort = port, .connections = 2, .hosts = hosts});
    }

    void waitForAgents(std::size_t number) {
        fleet.waitFor(number, "agentswaitingport1", 2);
        fleet.waitFor(number, "agentswaitingport2", 2);
    }

    /// Behind those that Connector may take.
    std::uint16_t clientPort() { return static_cast<std::uint16_t>(fleet.setup().firstMappingPort() + 110); }

    std::pair<PipeClient, PipeClient> call() {
        PipeClient client(Poco::Net::SocketAddress("127.0.0.1", clientPort()));
        client.send("hello");
        auto server = target.accept();
        if (server.readExactly(5) != "hello" || !areJoined(client, server))
            throw std::runtime_error("the client is not joined to its target");
        return {std::move(client), std::move(server)};
    }

    TestTarget target;
    SeveralConnectors fleet;
    AgentProgram called;
    AgentProgram calling;
};

} // namespace

BOOST_AUTO_TEST_SUITE(AgentHosts)

BOOST_DATA_TEST_CASE(AllOfAListServeVisitors, kModes, mode) {
    Service service(mode);
    AgentProgram agent(service.fleet.setup(), {service.pipe(service.fleet.addresses())});
    for (std::size_t number = 0; number < 2; ++number) {
        service.waitForAgents(number, 2);
        service.visit(number);
    }
    agent.waitForLog("at 127.0.0.2: 2 of 2 connections are ready");
    agent.waitForLog("at 127.0.0.3: 2 of 2 connections are ready");
}

BOOST_DATA_TEST_CASE(OneThatDiesDisturbsNoOtherAndComesBack, kModes, mode) {
    Service service(mode);
    AgentProgram agent(service.fleet.setup(), {service.pipe(service.fleet.addresses())});
    service.waitForAgents(0, 2);
    service.waitForAgents(1, 2);
    auto [broken, brokenServer] = service.visit(0);
    auto [kept, keptServer] = service.visit(1);
    service.fleet.kill(0);
    BOOST_TEST(brokenServer.readToEnd() == "");
    service.visit(1);
    agent.waitForLog("at 127.0.0.2: 0 of 2 connections are ready; the latest that failed: ");
    BOOST_TEST(agent.log().find("at 127.0.0.3: 0 of 2") == std::string::npos);
    service.fleet.start(0);
    service.waitForAgents(0, 2);
    service.visit(0);
    BOOST_TEST(areJoined(kept, keptServer));
    BOOST_TEST(service.isUndisturbed(1));
}

/// One that isn't there when the agent begins is no different.
BOOST_AUTO_TEST_CASE(OneThatIsLateIsFound) {
    Service service(Mode::Plain);
    service.fleet.kill(0);
    AgentProgram agent(service.fleet.setup(), {service.pipe(service.fleet.addresses())});
    service.waitForAgents(1, 2);
    service.visit(1);
    service.fleet.start(0);
    service.waitForAgents(0, 2);
    service.visit(0);
}

BOOST_DATA_TEST_CASE(ReloadOfTheListDisturbsOnlyWhatChanged, kModes, mode) {
    Service service(mode, 3);
    const auto [first, second, third] = std::tuple(
        SeveralConnectors::addressOf(0), SeveralConnectors::addressOf(1), SeveralConnectors::addressOf(2));
    AgentProgram agent(service.fleet.setup(), {service.pipe({first})});
    service.waitForAgents(0, 2);
    auto [left, leftServer] = service.visit(0);
    agent.reload({service.pipe({first, second})});
    service.waitForAgents(1, 2);
    auto [kept, keptServer] = service.visit(1);
    BOOST_TEST(service.isUndisturbed(0));
    agent.reload({service.pipe({second, third})});
    service.waitForAgents(0, 0);
    service.waitForAgents(2, 2);
    service.visit(2);
    BOOST_TEST(areJoined(left, leftServer), "what runs goes on to its end");
    BOOST_TEST(areJoined(kept, keptServer));
    BOOST_TEST(service.isUndisturbed(1));
}

/// A host that is gone from the list, and comes back while it still has a conversation.
BOOST_AUTO_TEST_CASE(HostThatComesBackIsConnectedAnew) {
    Service service(Mode::Plain);
    const auto both = service.fleet.addresses();
    AgentProgram agent(service.fleet.setup(), {service.pipe(both)});
    service.waitForAgents(0, 2);
    auto [left, leftServer] = service.visit(0);
    agent.reload({service.pipe({both[1]})});
    service.waitForAgents(0, 0);
    agent.reload({service.pipe(both)});
    service.waitForAgents(0, 2);
    service.visit(0);
    BOOST_TEST(areJoined(left, leftServer));
}

BOOST_DATA_TEST_CASE(NameGainsAndLosesAddresses, kModes, mode) {
    if (!HostNames::isPossible()) return skipTest("no mount namespaces");
    Service service(mode, 3);
    HostNames names;
    names.set({SeveralConnectors::addressOf(0), SeveralConnectors::addressOf(1)});
    AgentProgram agent(service.fleet.setup(), {service.pipe({HostNames::kName})}, AgentProtocol::Pipe2,
                       std::chrono::milliseconds(0), names.launcher());
    service.waitForAgents(0, 2);
    service.waitForAgents(1, 2);
    agent.waitForLog("at connector.test (127.0.0.2): 2 of 2 connections are ready");
    auto [left, leftServer] = service.visit(0);
    auto [kept, keptServer] = service.visit(1);

    names.set({SeveralConnectors::addressOf(1), SeveralConnectors::addressOf(2)});
    agent.waitForLog("connector.test (127.0.0.2) is no address of it any more");
    service.waitForAgents(2, 2);
    service.waitForAgents(0, 0);
    service.visit(2);
    BOOST_TEST(areJoined(left, leftServer), "what runs goes on to its end");
    BOOST_TEST(areJoined(kept, keptServer));
    BOOST_TEST(service.isUndisturbed(1));
}

/// An answer may be wrong, or be ahead of a Connector that is still to start.
BOOST_AUTO_TEST_CASE(AddressStaysUntilAnotherIsConnected) {
    if (!HostNames::isPossible()) return skipTest("no mount namespaces");
    Service service(Mode::Plain);
    service.fleet.kill(1);
    HostNames names;
    names.set({SeveralConnectors::addressOf(0)});
    AgentProgram agent(service.fleet.setup(), {service.pipe({HostNames::kName})}, AgentProtocol::Pipe2,
                       std::chrono::milliseconds(0), names.launcher());
    service.waitForAgents(0, 2);
    names.set({SeveralConnectors::addressOf(1)});
    agent.waitForLog("(127.0.0.3): 0 of 2 connections are ready");
    agent.waitForLog("127.0.0.2) is to go when another address is connected");
    service.visit(0);
    BOOST_TEST(service.isUndisturbed(0));
    service.fleet.start(1);
    service.waitForAgents(1, 2);
    service.waitForAgents(0, 0);
    service.visit(1);
}

BOOST_AUTO_TEST_CASE(NameThatIsNotFoundKeepsItsAddresses) {
    if (!HostNames::isPossible()) return skipTest("no mount namespaces");
    Service service(Mode::Plain);
    HostNames names;
    names.set({});
    AgentProgram agent(service.fleet.setup(), {service.pipe({HostNames::kName})}, AgentProtocol::Pipe2,
                       std::chrono::milliseconds(0), names.launcher());
    agent.waitForLog("no address of connector.test was found: ");
    names.set(service.fleet.addresses());
    agent.waitForLog("connector.test was found again");
    service.waitForAgents(0, 2);
    service.waitForAgents(1, 2);

    names.set({});
    agent.waitForLog("what was known before stays");
    service.visit(0);
    service.fleet.kill(1);
    agent.waitForLog("(127.0.0.3): 0 of 2 connections are ready");
    service.fleet.start(1);
    service.waitForAgents(1, 2);
    service.visit(1);
    BOOST_TEST(service.isUndisturbed(0));
}

BOOST_AUTO_TEST_CASE(NameIsLookedUpSoonWhenAConnectionIsLost) {
    if (!HostNames::isPossible()) return skipTest("no mount namespaces");
    Service service(Mode::Plain, 3);
    HostNames names;
    names.set({SeveralConnectors::addressOf(0), SeveralConnectors::addressOf(1)});
    auto pipe = service.pipe({HostNames::kName});
    pipe->set("resolveinterval", 24 * 60 * 60 * 1000);
    pipe->set("connections", 1); // one that is lost is one lookup
    AgentProgram agent(service.fleet.setup(), {pipe}, AgentProtocol::Pipe2, std::chrono::milliseconds(0),
                       names.launcher());
    service.waitForAgents(0, 1);
    service.waitForAgents(1, 1);
    names.set({SeveralConnectors::addressOf(1), SeveralConnectors::addressOf(2)});
    service.fleet.kill(0);
    service.waitForAgents(2, 1);
    service.fleet.start(0);
    service.waitForAgents(0, 1); // one answer without it is not enough
    BOOST_TEST(service.isUndisturbed(1));
}

BOOST_AUTO_TEST_CASE(AddressesBeyondTheMostAreLeftOut) {
    if (!HostNames::isPossible()) return skipTest("no mount namespaces");
    Service service(Mode::Plain);
    HostNames names;
    names.set({SeveralConnectors::addressOf(0)});
    auto pipe = service.pipe({HostNames::kName});
    pipe->set("maxaddresses", 1);
    AgentProgram agent(service.fleet.setup(), {pipe}, AgentProtocol::Pipe2, std::chrono::milliseconds(0),
                       names.launcher());
    service.waitForAgents(0, 2);
    names.set({SeveralConnectors::addressOf(1), SeveralConnectors::addressOf(0)});
    agent.waitForLog("2 addresses were found, and 1 of them are left out: maxaddresses is 1");
    service.visit(0);
    service.waitForAgents(1, 0);
    BOOST_TEST(service.isUndisturbed(0));
    names.set({SeveralConnectors::addressOf(1)});
    service.waitForAgents(1, 2);
}

/// As a machine with IPv4 and IPv6 is.
BOOST_DATA_TEST_CASE(ConnectorWithTwoAddressesIsConnectedOnce, kModes, mode) {
    TestTarget target;
    OpenPublicPipe pipe(mode);
    AgentProgram agent(
        pipe.setup(),
        {agentPipe(pipe.setup(), pipe.mapping(),
                   {.localPort = target.port(), .connections = 2, .hosts = {"127.0.0.1", "::1"}})});
    agent.waitForLog("is kept in reserve");
    agent.waitForLog("2 of 2 connections are ready");
    pipe.waitFor("agentswaiting", 2);
    auto visitor = pipe.visitor();
    auto server = target.accept();
    BOOST_TEST(areJoined(visitor, server));
}

/// The second address learns that it leads to the same Connector though there is no place for it.
BOOST_AUTO_TEST_CASE(ConnectorWithTwoAddressesAndOnePlace) {
    OpenPublicPipe pipe(Mode::Plain, {.limits = {{"place-wait", 100}}, .maxConnections = 1});
    AgentProgram agent(pipe.setup(), {agentPipe(pipe.setup(), pipe.mapping(),
                                                {.localPort = 1, .hosts = {"127.0.0.1", "::1"}})});
    agent.waitForLog("is kept in reserve");
    agent.waitForLog("1 of 1 connections are ready");
    BOOST_TEST(agent.log().find("the latest that failed") == std::string::npos);
    pipe.waitFor("agentswaiting", 1);
}

BOOST_AUTO_TEST_CASE(AddressInReserveTakesOver) {
    TestTarget target;
    OpenPublicPipe pipe(Mode::Plain);
    const auto use = [&](const std::vector<std::string>& hosts) {
        return AgentProgram::Pipes{
            agentPipe(pipe.setup(), pipe.mapping(), {.localPort = target.port(), .hosts = hosts})};
    };
    AgentProgram agent(pipe.setup(), use({"127.0.0.1"}));
    pipe.waitFor("agentswaiting", 1);
    agent.reload(use({"127.0.0.1", "::1"}));
    agent.waitForLog("at ::1: it leads to a Connector that is connected by another address");
    agent.reload(use({"::1"}));
    agent.waitForLog("at ::1: 1 of 1 connections are ready");
    pipe.waitFor("agentswaiting", 1);
    auto visitor = pipe.visitor();
    auto server = target.accept();
    BOOST_TEST(areJoined(visitor, server));
}

/// As stock agents, it is connected to one: the other is for when that is gone.
BOOST_DATA_TEST_CASE(Pipe1FallsOverToTheNextHost, kModes, mode) {
    Service service(mode);
    AgentProgram agent(service.fleet.setup(), {service.pipe(service.fleet.addresses())},
                       AgentProtocol::Pipe1);
    service.waitForAgents(0, 2);
    service.visit(0);
    service.waitForAgents(0, 2);
    service.fleet.kill(0);
    service.waitForAgents(1, 2);
    service.visit(1);
    service.fleet.start(0);
    service.waitForAgents(1, 2);
    service.fleet.kill(1);
    service.waitForAgents(0, 2);
    service.visit(0);
}

BOOST_DATA_TEST_CASE(PrivateClientsFallOver, kModes, mode) {
    PrivateService service(mode, AgentProtocol::Pipe2);
    service.waitForAgents(0);
    service.waitForAgents(1);
    auto [first, firstServer] = service.call();
    auto [second, secondServer] = service.call(); // the other one's: it has fewer
    for (std::size_t dead = 0; dead < 2; ++dead) {
        service.fleet.kill(dead);
        service.calling.waitForLog("at " + SeveralConnectors::addressOf(dead) +
                                   ": 0 of 2 connections are ready");
        service.call();
        service.call();
        service.fleet.start(dead);
        service.waitForAgents(dead);
    }
}

/// The called side is connected to the first Connector only.
BOOST_DATA_TEST_CASE(PrivateClientsGoWhereTheOtherSideIs, kModes, mode) {
    PrivateService service(mode, AgentProtocol::Pipe2, {SeveralConnectors::addressOf(0)});
    service.waitForAgents(0);
    service.fleet.waitFor(1, "agentswaitingport2", 2);
    constexpr int kClients = 20;
    std::vector<PipeClient> clients;
    for (int i = 0; i < kClients; ++i) {
        clients.emplace_back(Poco::Net::SocketAddress("127.0.0.1", service.clientPort()));
        clients.back().send("hello");
    }
    std::vector<PipeClient> servers;
    for (int i = 0; i < kClients; ++i) {
        servers.push_back(service.target.accept());
        BOOST_TEST(servers.back().readExactly(5) == "hello");
        servers.back().send("world");
    }
    for (auto& client : clients)
        BOOST_TEST(client.readExactly(5) == "world");
}

BOOST_AUTO_TEST_CASE(PrivateClientsFallOverInPipe1) {
    PrivateService service(Mode::Plain, AgentProtocol::Pipe1);
    service.waitForAgents(0);
    service.call();
    service.waitForAgents(0);
    service.fleet.kill(0);
    service.waitForAgents(1);
    service.call();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
