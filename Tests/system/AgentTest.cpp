#include "AgentProcess.h"
#include "OpenPipe.h"
#include "TargetServer.h"
#include "TestTarget.h"

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <optional>
#include <string_view>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// What visitors and users see of a node: fetches a page of this size over HTTP or HTTPS.
std::string fetch(Mode mode, std::uint16_t port, std::size_t size) {
    std::unique_ptr<Poco::Net::HTTPClientSession> session;
    if (mode == Mode::Plain)
        session = std::make_unique<Poco::Net::HTTPClientSession>("127.0.0.1", port);
    else
        session = std::make_unique<Poco::Net::HTTPSClientSession>("127.0.0.1", port, httpsContext(mode));
    session->setTimeout(Poco::Timespan(kPatience.count(), 0));
    Poco::Net::HTTPRequest request("GET", "/" + std::to_string(size), Poco::Net::HTTPMessage::HTTP_1_1);
    request.setKeepAlive(false);
    session->sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::string body;
    Poco::StreamCopier::copyToString(session->receiveResponse(response), body);
    return body;
}

AgentOptions forPublic(const OpenPublicPipe& pipe, Mode mode, std::uint16_t target, int connections = 1) {
    return {.mode = mode,
            .port = pipe.mapping().port1,
            .passcode = pipe.mapping().passcode1,
            .connectionCount = connections,
            .localPort = target};
}

/// The two nodes of a private mapping: users connect to one, the target is on the other.
AgentOptions forUsers(const OpenPrivatePipe& pipe, Mode mode, std::uint16_t listenAt) {
    return {.mode = mode,
            .role = "listen",
            .port = pipe.mapping().port1,
            .passcode = pipe.mapping().passcode1,
            .connectionCount = 2,
            .localPort = listenAt};
}

AgentOptions forTarget(const OpenPrivatePipe& pipe, Mode mode, std::uint16_t target) {
    return {.mode = mode,
            .role = "connect",
            .port = pipe.mapping().port2,
            .passcode = pipe.mapping().passcode2,
            .connectionCount = 2,
            .localPort = target};
}

PipeClient userAt(std::uint16_t port) {
    std::optional<PipeClient> user;
    waitUntil("the agent listens", [&] {
        try {
            user.emplace(Poco::Net::SocketAddress("127.0.0.1", port));
            return true;
        } catch (const ConnectionLost&) {
            return false;
        }
    });
    return std::move(*user);
}

/// A Connector that does exactly what the test wants of it: the agent must take what comes.
class FakeConnector {
  public:
    std::uint16_t port() const { return _listening.port(); }

    /// Waits for the agent's next connection and lets it in.
    PipeClient acceptAuthorized(const std::string& passcode) {
        auto connection = _listening.accept();
        BOOST_TEST(connection.readExactly(passcode.size()) == passcode);
        connection.send("AUTHORIZED");
        return connection;
    }

  private:
    TestTarget _listening;
};

/// How often Connector has said that a passcode is wrong.
int rejections(const OpenPipe& pipe) {
    constexpr std::string_view kRejected = "rejected: wrong passcode";
    const auto log = pipe.connector().log();
    int count = 0;
    for (auto at = log.find(kRejected); at != std::string::npos; at = log.find(kRejected, at + 1))
        ++count;
    return count;
}

constexpr const char* kSomePasscode = "0b403b65-c5a0-476f-92f5-ffc7ca0f85ef";

} // namespace

BOOST_AUTO_TEST_SUITE(Agent)

BOOST_DATA_TEST_CASE(PagesAreFetchedThroughAPublicPipe, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const WebServer target;
    AgentProcess agent(forPublic(pipe, mode, target.port(), 3));
    pipe.waitFor("agentswaiting", 3);
    for (const std::size_t size : {0U, 1U, 1000U, 100000U, 5000000U, 100U, 101U, 102U})
        BOOST_TEST((fetch(mode, pipe.mapping().port2, size) == WebServer::page(size)), size << " bytes");
    pipe.waitFor("agentswaiting", 3); // connections that were used are replaced
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(ManyPagesAreFetchedAtOnce, kModes, mode) {
    constexpr int kVisitors = 8;
    const OpenPublicPipe pipe(mode);
    const WebServer target;
    AgentProcess agent(forPublic(pipe, mode, target.port(), 4));
    pipe.waitFor("agentswaiting", 4);
    std::vector<std::future<bool>> visitors;
    for (int number = 0; number < kVisitors; ++number)
        visitors.push_back(
            std::async(std::launch::async, [&, size = static_cast<std::size_t>(200000 + number)] {
                for (int round = 0; round < 5; ++round)
                    if (fetch(mode, pipe.mapping().port2, size) != WebServer::page(size)) return false;
                return true;
            }));
    for (auto& visitor : visitors)
        BOOST_TEST(visitor.get());
}

BOOST_DATA_TEST_CASE(SessionRunsThroughAPrivatePipe, kModes, mode) {
    const OpenPrivatePipe pipe(mode, {.maxConnections = 2});
    const LineServer target;
    const PortBlock ports;
    AgentProcess users(forUsers(pipe, mode, ports.first()));
    AgentProcess targets(forTarget(pipe, mode, target.port()));
    auto user = userAt(ports.first());
    user.send("LINES-1.0 user\n");
    BOOST_TEST(user.readThrough("\n") == LineServer::kGreeting);
    BOOST_TEST(user.readThrough("\n") == "you said: LINES-1.0 user\n");
    for (int number = 0; number < 50; ++number) {
        const auto line = "line " + std::to_string(number) + "\n";
        user.send(line);
        BOOST_TEST(user.readThrough("\n") == "you said: " + line);
    }
}

BOOST_DATA_TEST_CASE(SeveralSessionsRunSideBySide, kModes, mode) {
    const OpenPrivatePipe pipe(mode, {.maxConnections = 2});
    const LineServer target;
    const PortBlock ports;
    AgentProcess users(forUsers(pipe, mode, ports.first()));
    AgentProcess targets(forTarget(pipe, mode, target.port()));
    pipe.waitFor("agentswaitingport2", 2);
    auto first = userAt(ports.first());
    auto second = userAt(ports.first());
    first.send("from the first\n");
    second.send("from the second\n");
    BOOST_TEST(first.readThrough("first\n") ==
               std::string(LineServer::kGreeting) + "you said: from the first\n");
    BOOST_TEST(second.readThrough("second\n") ==
               std::string(LineServer::kGreeting) + "you said: from the second\n");
    first.close();
    second.close();
    auto third = userAt(ports.first());
    third.send("from the third\n");
    BOOST_TEST(third.readThrough("third\n") ==
               std::string(LineServer::kGreeting) + "you said: from the third\n");
}

BOOST_DATA_TEST_CASE(AgentComesBackAfterARestartOfConnector, kModes, mode) {
    const ConnectorSetup setup(mode);
    const WebServer target;
    auto connector = std::make_unique<ConnectorProcess>(setup);
    const auto mapping = connector->api().addPublic();
    AgentProcess agent({.mode = mode,
                        .port = mapping.port1,
                        .passcode = mapping.passcode1,
                        .connectionCount = 2,
                        .localPort = target.port()});
    connector->api().waitForCount(mapping.id, "agentswaiting", 2);
    connector->kill();
    connector.reset();
    connector = std::make_unique<ConnectorProcess>(setup);
    connector->api().waitForCount(mapping.id, "agentswaiting", 2);
    BOOST_TEST((fetch(mode, mapping.port2, 1000) == WebServer::page(1000)));
}

BOOST_AUTO_TEST_CASE(CertificateOfAnotherCaIsRefused) {
    const OpenPublicPipe pipe(Mode::Tls);
    const CertificateAuthority another("another CA");
    auto options = forPublic(pipe, Mode::Tls, 1);
    options.trustedFile = another.certificateFile();
    AgentProcess agent(options);
    agent.daemon().waitForLog("certificate");
    BOOST_TEST(pipe.count("agentswaiting") == 0);
}

BOOST_AUTO_TEST_CASE(CertificateForAnotherNameIsRefused) {
    ConnectorSetup setup(Mode::Tls);
    const auto elsewhere =
        CertificateAuthority::shared().issueForHost(setup.folder(), "elsewhere", "example.org");
    setup.set("tls.certificate", elsewhere.certificateFile);
    setup.set("tls.key", elsewhere.keyFile);
    const ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    AgentProcess agent(
        {.mode = Mode::Tls, .port = mapping.port1, .passcode = mapping.passcode1, .localPort = 1});
    agent.daemon().waitForLog("certificate");
    BOOST_TEST(connector.api().count(mapping.id, "agentswaiting") == 0);
}

BOOST_DATA_TEST_CASE(VisitorIsClosedWhenTheTargetIsDown, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const PortBlock ports;
    AgentProcess agent(forPublic(pipe, mode, ports.first()));
    pipe.waitFor("agentswaiting", 1);
    auto visitor = pipe.visitor();
    visitor.send("GET /10 HTTP/1.1\r\n\r\n");
    BOOST_TEST(visitor.readToEnd() == "");
    agent.daemon().waitForLog("no connection to the target 127.0.0.1:" + std::to_string(ports.first()) +
                              ": Connection refused");
    const WebServer target(ports.first());
    waitUntil("the next visitor is served", [&] {
        try {
            return fetch(mode, pipe.mapping().port2, 10) == WebServer::page(10);
        } catch (const Poco::Exception&) {
            return false;
        }
    });
}

BOOST_DATA_TEST_CASE(WrongPasscodeIsTriedAgainWithPauses, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"greeting-first-byte", 1000}}});
    auto options = forPublic(pipe, mode, 1);
    options.passcode = kSomePasscode;
    AgentProcess agent(options);
    waitUntil("Connector turns the agent away", [&] { return rejections(pipe) > 0; });
    const auto before = agent.daemon().process().processorTime();
    auto stranger = pipe.connector().connect(pipe.mapping().port1);
    BOOST_TEST(isClosedUnanswered(stranger), "one second has passed by Connector's clock");
    const auto tries = rejections(pipe);
    BOOST_TEST(tries < 6, "it does not try in a tight loop");
    BOOST_TEST((agent.daemon().process().processorTime() - before < std::chrono::milliseconds(500)));
    waitUntil("it tries again", [&] { return rejections(pipe) > tries; });
    BOOST_TEST(pipe.count("agentswaiting") == 0);
}

BOOST_DATA_TEST_CASE(PasscodeMayComeFromTheEnvironment, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto options = forPublic(pipe, mode, 1);
    options.passcodeInEnvironment = true;
    AgentProcess agent(options);
    pipe.waitFor("agentswaiting", 1);
}

BOOST_AUTO_TEST_CASE(AgentBeatsWhileItWaits) {
    FakeConnector connector;
    AgentProcess agent(
        {.port = connector.port(), .passcode = kSomePasscode, .localPort = 1, .heartbeatFrequency = 100});
    auto connection = connector.acceptAuthorized(kSomePasscode);
    for (int number = 0; number < 3; ++number) {
        BOOST_TEST(connection.readExactly(4) == "BEAT");
        connection.send("BEAT");
    }
}

BOOST_AUTO_TEST_CASE(HeartbeatsOfConnectorNeverReachTheTarget) {
    FakeConnector connector;
    const LineServer target;
    AgentProcess agent({.port = connector.port(), .passcode = kSomePasscode, .localPort = target.port()});
    auto connection = connector.acceptAuthorized(kSomePasscode);
    sendAlone(connection, "BEATBEAT");
    connection.send("hello\n");
    const std::string expected = std::string(LineServer::kGreeting) + "you said: hello\n";
    BOOST_TEST(connection.readExactly(expected.size()) == expected);
}

BOOST_AUTO_TEST_CASE(SilentConnectionIsGivenUp) {
    FakeConnector connector;
    AgentProcess agent({.port = connector.port(),
                        .passcode = kSomePasscode,
                        .localPort = 1,
                        .heartbeatFrequency = 100,
                        .heartbeatAbsenceThreshold = 500});
    auto silent = connector.acceptAuthorized(kSomePasscode);
    auto next = connector.acceptAuthorized(kSomePasscode);
    BOOST_TEST(silent.readToEnd().size() % 4 == 0, "nothing but beats");
}

BOOST_DATA_TEST_CASE(AgentStopsCleanlyInTheMiddleOfItsWork, kModes* bdata::make({SIGTERM, SIGINT}), mode,
                     signal) {
    const OpenPublicPipe pipe(mode);
    const LineServer target;
    AgentProcess agent(forPublic(pipe, mode, target.port(), 2));
    pipe.waitFor("agentswaiting", 2);
    auto visitor = pipe.visitor();
    visitor.send("hello\n");
    BOOST_TEST(visitor.readThrough("hello\n") == std::string(LineServer::kGreeting) + "you said: hello\n");
    BOOST_TEST(agent.daemon().stop(signal) == 0);
    visitor.readToEnd();
    pipe.waitFor("agentswaiting", 0);
}

BOOST_AUTO_TEST_CASE(AgentStopsWhileConnectorIsAway) {
    const PortBlock ports;
    AgentProcess agent({.port = ports.first(), .passcode = kSomePasscode, .localPort = 1});
    waitUntil("the failure is logged", [&] { return !agent.daemon().log().empty(); });
    BOOST_TEST(agent.daemon().stop() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
