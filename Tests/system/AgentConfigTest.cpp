#include "AgentProgram.h"
#include "KernelSockets.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <functional>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// A mapping and the target that its visitors are to reach.
struct Service {
    explicit Service(const ConnectorProcess& connector_) : connector(connector_) {}

    Poco::JSON::Object::Ptr pipe(const ConnectorSetup& setup) {
        return agentPipe(setup, mapping, {.localPort = target.port(), .connections = 2});
    }

    void waitForAgents(int expected) const {
        connector.api().waitForCount(mapping.id, "agentswaiting", expected);
    }

    /// A visitor and the target's end of its conversation.
    std::pair<PipeClient, PipeClient> visit(const ConnectOptions& options = {}) {
        auto visitor = connector.connect(mapping.port2, options);
        visitor.send("hello"); // agents of PIPE/1 hear of it then
        auto server = target.accept();
        if (server.readExactly(5) != "hello" || !areJoined(visitor, server))
            throw std::runtime_error("the visitor is not joined to its target");
        return {std::move(visitor), std::move(server)};
    }

    const ConnectorProcess& connector;
    AddedMapping mapping = connector.api().addPublic();
    TestTarget target;
};

/// The same pipe, that believes these CAs.
Poco::JSON::Object::Ptr
trusting(std::initializer_list<std::reference_wrapper<const CertificateAuthority>> authorities,
         Poco::JSON::Object::Ptr pipe) {
    std::string certificates;
    for (const CertificateAuthority& authority : authorities)
        certificates += readFile(authority.certificateFile());
    pipe->set("cert", certificates);
    return pipe;
}

/// A Connector with some mappings, to be served by one agent.
struct Services {
    explicit Services(Mode mode) : setup(mode), connector(setup) {
        for (int number = 0; number < 3; ++number)
            services.push_back(std::make_unique<Service>(connector));
    }

    Service& operator[](std::size_t number) { return *services.at(number); }
    Poco::JSON::Object::Ptr pipe(std::size_t number) { return services.at(number)->pipe(setup); }

    /// Connector has a certificate of this CA from now on.
    void showCertificateOf(const CertificateAuthority& authority) {
        const auto renewed = authority.issue(setup.folder(), "renewed");
        writeFile(setup.serverCertificate().certificateFile, readFile(renewed.certificateFile));
        writeFile(setup.serverCertificate().keyFile, readFile(renewed.keyFile));
        connector.process().signal(SIGHUP);
        connector.waitForLog("the configuration was read again");
    }

    ConnectorSetup setup;
    ConnectorProcess connector;
    std::vector<std::unique_ptr<Service>> services;
};

} // namespace

BOOST_AUTO_TEST_SUITE(AgentPipes)

BOOST_DATA_TEST_CASE(OneProcessServesSeveralMappings, kModes, mode) {
    Services services(mode);
    AgentProgram agent(services.setup, {services.pipe(0), services.pipe(1), services.pipe(2)});
    for (std::size_t number = 0; number < 3; ++number)
        services[number].waitForAgents(2);
    auto [visitor0, server0] = services[0].visit();
    auto [visitor1, server1] = services[1].visit();
    auto [visitor2, server2] = services[2].visit();
    BOOST_TEST(areJoined(server1, visitor1));
    BOOST_TEST(areJoined(server0, visitor0));
    BOOST_TEST(areJoined(server2, visitor2));
}

/// The threads are one loop for each processor, however many pipes there are.
BOOST_DATA_TEST_CASE(PipesShareThreads, kModes, mode) {
    Services services(mode);
    AgentProgram agent(services.setup, {services.pipe(0)});
    services[0].waitForAgents(2);
    const auto threads = agent.process().threadCount();
    agent.reload({services.pipe(0), services.pipe(1), services.pipe(2)});
    services[2].waitForAgents(2);
    // Names are looked up in a thread of each pipe's own.
    BOOST_TEST(agent.process().threadCount() <= threads + 2);
}

BOOST_DATA_TEST_CASE(ReloadTouchesOnlyWhatChanged, kModes, mode) {
    Services services(mode);
    AgentProgram agent(services.setup, {services.pipe(0), services.pipe(1)});
    services[0].waitForAgents(2);
    services[1].waitForAgents(2);
    auto [kept, keptServer] = services[0].visit();
    auto [removed, removedServer] = services[1].visit();

    agent.reload({services.pipe(0), services.pipe(2)});
    services[1].waitForAgents(0);
    services[2].waitForAgents(2);
    auto [added, addedServer] = services[2].visit();
    BOOST_TEST(areJoined(added, addedServer));
    BOOST_TEST(areJoined(kept, keptServer), "its pipe is as it was");
    services[0].waitForAgents(2);
    BOOST_TEST(areJoined(removed, removedServer), "what runs goes on to its end");

    agent.reload({services.pipe(1), services.pipe(0)});
    services[2].waitForAgents(0);
    services[1].waitForAgents(2);
    BOOST_TEST(areJoined(kept, keptServer), "its place among the pipes does not matter");
    BOOST_TEST(areJoined(added, addedServer));
    auto [again, againServer] = services[1].visit();
    BOOST_TEST(areJoined(again, againServer));
    BOOST_TEST(areJoined(removed, removedServer));
}

BOOST_DATA_TEST_CASE(ReloadStartsAnewWhatIsDifferent, kModes, mode) {
    Services services(mode);
    AgentProgram agent(services.setup, {services.pipe(0), services.pipe(1)});
    services[0].waitForAgents(2);
    services[1].waitForAgents(2);
    auto [kept, keptServer] = services[0].visit();
    auto [changed, changedServer] = services[1].visit();

    TestTarget elsewhere;
    auto different = services.pipe(1);
    different->set("localport", elsewhere.port());
    different->set("connectioncount", 3);
    different->set("connections", 3);
    agent.reload({services.pipe(0), different});
    services[1].waitForAgents(3);
    auto visitor = services.connector.connect(services[1].mapping.port2);
    auto server = elsewhere.accept();
    BOOST_TEST(areJoined(visitor, server));
    BOOST_TEST(areJoined(kept, keptServer));
    BOOST_TEST(areJoined(changed, changedServer), "what runs goes on to its end");
}

BOOST_DATA_TEST_CASE(ReloadOfTheCertificateAloneKeepsConnections, kProtocols, protocol) {
    Services services(Mode::Tls);
    AgentProgram agent(services.setup, {services.pipe(0)}, protocol);
    services[0].waitForAgents(2);
    auto [kept, keptServer] = services[0].visit();
    const auto connections = portsConnectedTo(services[0].mapping.port1);

    const CertificateAuthority other("another CA");
    agent.reload({trusting({CertificateAuthority::shared(), other}, services.pipe(0))});
    BOOST_TEST(areJoined(kept, keptServer));
    BOOST_TEST((portsConnectedTo(services[0].mapping.port1) == connections));
    auto [visitor, server] = services[0].visit();
    BOOST_TEST(areJoined(visitor, server));
}

/// In PIPE/1 each visitor uses a connection up: behind the second one there are new ones only.
BOOST_AUTO_TEST_CASE(NewConnectionsTrustTheReloadedCertificate) {
    Services services(Mode::Tls);
    AgentProgram agent(services.setup, {services.pipe(0)}, AgentProtocol::Pipe1);
    services[0].waitForAgents(2);
    const CertificateAuthority other("another CA");
    agent.reload({trusting({other}, services.pipe(0))});
    services.showCertificateOf(other);
    const ConnectOptions options{
        .tls = std::make_shared<TlsSettings>(TlsSettings::Options{.trustedFile = other.certificateFile()})};
    for (int number = 0; number < 3; ++number)
        services[0].visit(options);
}

/// In PIPE/1 each visitor uses a connection up, and the next one would resume a session, which no
/// certificate is looked at for.
BOOST_AUTO_TEST_CASE(SessionsDoNotOutliveTheTrustInTheirCertificate) {
    Services services(Mode::Tls);
    AgentProgram agent(services.setup, {services.pipe(0)}, AgentProtocol::Pipe1);
    services[0].waitForAgents(2);
    const CertificateAuthority other("another CA");
    agent.reload({trusting({other}, services.pipe(0))});
    services[0].waitForAgents(2);
    { auto [visitor, server] = services[0].visit(); }
    agent.waitForLog("certificate verify failed");
    services[0].waitForAgents(1);
}

BOOST_DATA_TEST_CASE(ReloadedCertificateIsTriedAtOnce, kProtocols, protocol) {
    Services services(Mode::Tls);
    const CertificateAuthority other("another CA");
    AgentProgram agent(services.setup, {trusting({other}, services.pipe(0))}, protocol);
    agent.waitForLog("certificate verify failed");
    agent.reload({services.pipe(0)});
    services[0].waitForAgents(2);
    auto [visitor, server] = services[0].visit();
    BOOST_TEST(areJoined(visitor, server));
}

BOOST_DATA_TEST_CASE(BadReloadChangesNothing, kModes, mode) {
    Services services(mode);
    AgentProgram agent(services.setup, {services.pipe(0)});
    services[0].waitForAgents(2);
    auto [kept, keptServer] = services[0].visit();
    for (const auto* bad :
         {"", "{", "[]", "{}", R"({"pipes":[]})", R"({"pipes":[{}]})", R"({"pipes":7})", R"({"pipes":[7]})"})
        agent.reloadBad(bad);
    BOOST_TEST(areJoined(kept, keptServer));
    services[0].waitForAgents(2);
    agent.reload({services.pipe(0), services.pipe(1)});
    services[1].waitForAgents(2);
    BOOST_TEST(areJoined(kept, keptServer));
}

BOOST_AUTO_TEST_CASE(UnreadableFileIsNamed) {
    for (const auto& [file, why] :
         {std::pair("/nonexistent/agent.json", "No such file"), std::pair("/etc", "Is a directory")}) {
        const auto ended =
            run({.words = {programPath("AGENT_BIN"), "--config=" + std::string(file)}, .outputFile = ""});
        BOOST_TEST(ended.exitCode == 78); // EX_CONFIG of sysexits.h
        const auto told = std::string(file) + ": can't be read: " + why;
        BOOST_TEST(ended.output.find(told) != std::string::npos, ended.output);
    }
}

BOOST_DATA_TEST_CASE(SigtermClosesAllPipes, kModes, mode) {
    Services services(mode);
    AgentProgram agent(services.setup, {services.pipe(0), services.pipe(1)});
    services[0].waitForAgents(2);
    services[1].waitForAgents(2);
    auto [visitor, server] = services[0].visit();
    agent.kill(SIGTERM);
    BOOST_TEST(agent.process().waitForExit() == 0);
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(server.readToEnd() == "");
    services[0].waitForAgents(0);
    services[1].waitForAgents(0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
