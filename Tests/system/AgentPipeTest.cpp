#include "AgentProgram.h"
#include "RandomStream.h"
#include "TestTarget.h"
#include "TokenStream.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <future>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr std::uint64_t kSeed = 5;
const std::uint64_t kMuch = scaled(100U << 20U);
const std::uint64_t kTokens = scaled(48U << 20U);

const auto kEitherProtocol = bdata::make(kModes) * bdata::make(kProtocols);
const auto kEveryPair = bdata::make(kModes) * bdata::make(kProtocols) * bdata::make(kProtocols);

/// A public mapping with a real agent in front of a target.
struct PublicService {
    explicit PublicService(Mode mode, AgentProtocol protocol = AgentProtocol::Pipe2,
                           TestTarget::State state = TestTarget::State::Up)
        : target(state), pipe(mode), agent(pipe.setup(), {configuration()}, protocol) {
        pipe.waitFor("agentswaiting", 2);
    }

    Poco::JSON::Object::Ptr configuration() {
        return agentPipe(pipe.setup(), pipe.mapping(), {.localPort = target.port(), .connections = 2});
    }

    TestTarget target;
    OpenPublicPipe pipe;
    AgentProgram agent;
};

/// A private mapping with a real agent on either side: clients connect to one, the other one to a target.
struct PrivateService {
    PrivateService(Mode mode, AgentProtocol listening, AgentProtocol connecting,
                   TestTarget::State state = TestTarget::State::Up)
        : target(state), pipe(mode),
          called(pipe.setup(), {configuration(Side::Port1, "connect", target.port())}, connecting),
          calling(pipe.setup(), {configuration(Side::Port2, "listen", clientPort())}, listening) {
        pipe.waitFor("agentswaitingport1", 2);
        pipe.waitFor("agentswaitingport2", 2);
    }

    Poco::JSON::Object::Ptr configuration(Side side, const std::string& role, std::uint16_t port) {
        return agentPipe(pipe.setup(), pipe.mapping(),
                         {.side = side, .role = role, .localPort = port, .connections = 2});
    }

    /// Behind those that Connector may take.
    std::uint16_t clientPort() { return static_cast<std::uint16_t>(pipe.setup().firstMappingPort() + 110); }

    PipeClient client() { return PipeClient(Poco::Net::SocketAddress("127.0.0.1", clientPort())); }

    TestTarget target;
    OpenPrivatePipe pipe;
    AgentProgram called;
    AgentProgram calling;
};

void requireTransparent(PipeClient& one, PipeClient& other) {
    auto fromOne = startSendingTokens(one, kSeed, kTokens);
    auto fromOther = startSendingTokens(other, kSeed + 1, kTokens);
    auto toOther = startReceivingTokens(other, kSeed, kTokens);
    auto toOne = startReceivingTokens(one, kSeed + 1, kTokens);
    for (auto* work : {&fromOne, &fromOther, &toOther, &toOne})
        work->get();
}

/// A client that says all it has to say, and then reads what may be much.
void requireLongAnswer(PipeClient& client, PipeClient& server) {
    client.send("the last words");
    client.finishSending();
    BOOST_TEST(server.readToEnd() == "the last words");
    BOOST_TEST(server.end() == PipeClient::End::Orderly);
    auto sending = startSending(server, kSeed, kMuch);
    receiveRandom(client, kSeed, kMuch);
    sending.get();
    server.close();
    BOOST_TEST(client.readToEnd() == "");
    BOOST_TEST(client.end() == PipeClient::End::Orderly);
}

} // namespace

BOOST_AUTO_TEST_SUITE(AgentPublic)

BOOST_DATA_TEST_CASE(VisitorReachesTheTarget, kEitherProtocol, mode, protocol) {
    PublicService service(mode, protocol);
    for (int round = 0; round < 5; ++round) {
        service.pipe.waitFor("agentswaiting", 2);
        auto visitor = service.pipe.visitor();
        visitor.send("a request");
        auto server = service.target.accept();
        BOOST_TEST(server.readExactly(9) == "a request");
        BOOST_TEST(areJoined(server, visitor));
    }
}

BOOST_DATA_TEST_CASE(ProtocolIsPipe2UnlessToldOtherwise, kEitherProtocol, mode, protocol) {
    PublicService service(mode, protocol);
    auto visitor = service.pipe.visitor();
    visitor.send("a request");
    auto server = service.target.accept();
    BOOST_TEST(server.readExactly(9) == "a request");
    visitor.finishSending();
    BOOST_TEST(server.readToEnd() == "");
    server.send("an answer");
    server.close();
    // Only PIPE/2 knows half-close.
    BOOST_TEST(visitor.readToEnd() == (protocol == AgentProtocol::Pipe2 ? "an answer" : ""));
}

BOOST_DATA_TEST_CASE(TargetMaySpeakFirst, kModes, mode) {
    PublicService service(mode);
    auto visitor = service.pipe.visitor();
    auto server = service.target.accept();
    server.send("220 welcome");
    BOOST_TEST(visitor.readExactly(11) == "220 welcome");
    BOOST_TEST(areJoined(visitor, server));
}

BOOST_DATA_TEST_CASE(EveryByteIsPayload, kModes, mode) {
    PublicService service(mode);
    auto visitor = service.pipe.visitor();
    auto server = service.target.accept();
    requireTransparent(visitor, server);
    visitor.close();
    BOOST_TEST(server.readToEnd() == "");
}

BOOST_DATA_TEST_CASE(VisitorMayHalfCloseAndReadOn, kModes, mode) {
    PublicService service(mode);
    auto visitor = service.pipe.visitor();
    auto server = service.target.accept();
    requireLongAnswer(visitor, server);
    service.pipe.waitFor("relays", 0);
    service.pipe.waitFor("agentswaiting", 2);
}

BOOST_DATA_TEST_CASE(VisitorMayHalfCloseBeforeItIsServed, kModes, mode) {
    PublicService service(mode);
    auto visitor = service.pipe.visitor();
    visitor.send("GET / HTTP/1.0\r\n\r\n");
    visitor.finishSending();
    auto server = service.target.accept();
    BOOST_TEST(server.readToEnd() == "GET / HTTP/1.0\r\n\r\n");
    server.send("HTTP/1.0 200 OK\r\n\r\n");
    server.close();
    BOOST_TEST(visitor.readToEnd() == "HTTP/1.0 200 OK\r\n\r\n");
    BOOST_TEST(visitor.end() == PipeClient::End::Orderly);
}

BOOST_DATA_TEST_CASE(TargetMayHalfCloseWhileTheVisitorStillSends, kModes, mode) {
    PublicService service(mode);
    auto visitor = service.pipe.visitor();
    auto server = service.target.accept();
    requireLongAnswer(server, visitor);
    service.pipe.waitFor("agentswaiting", 2);
}

BOOST_DATA_TEST_CASE(TargetThatIsDownClosesTheVisitorAtOnce, kModes, mode) {
    PublicService service(mode, AgentProtocol::Pipe2, TestTarget::State::Down);
    for (int round = 0; round < 3; ++round) {
        auto refused = service.pipe.visitor();
        BOOST_TEST(isClosedUnanswered(refused));
        service.pipe.waitFor("agentswaiting", 2);
    }
    service.pipe.connector().waitForLog("turned away: ");
    BOOST_TEST(service.pipe.connector().log().find("lost: ") == std::string::npos,
               "the connections stay what they are");
    service.target.start();
    auto visitor = service.pipe.visitor();
    auto server = service.target.accept();
    BOOST_TEST(areJoined(visitor, server));
}

BOOST_DATA_TEST_CASE(TargetThatBreaksBreaksTheVisitor, kModes, mode) {
    PublicService service(mode);
    auto visitor = service.pipe.visitor();
    auto server = service.target.accept();
    server.send("half an ans");
    BOOST_TEST(visitor.readExactly(11) == "half an ans");
    server.abort();
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(visitor.end() != PipeClient::End::Orderly, "half an answer must not look complete");
    service.pipe.waitFor("agentswaiting", 2);
}

BOOST_DATA_TEST_CASE(AgentsOfBothProtocolsServeOneMapping, kModes, mode) {
    PublicService service(mode, AgentProtocol::Pipe2);
    const AgentProgram other(service.pipe.setup(), {service.configuration()}, AgentProtocol::Pipe1);
    service.pipe.waitFor("agentswaiting", 4);
    std::vector<std::pair<PipeClient, PipeClient>> pairs;
    for (int number = 0; number < 4; ++number) {
        auto visitor = service.pipe.visitor();
        visitor.send("a request");
        auto server = service.target.accept();
        BOOST_TEST(server.readExactly(9) == "a request");
        pairs.emplace_back(std::move(visitor), std::move(server));
    }
    for (auto& [visitor, server] : pairs)
        BOOST_TEST(areJoined(server, visitor));
}

/// It answers PING, so that it stays when nobody visits it.
BOOST_DATA_TEST_CASE(AgentStaysWithoutVisitors, kModes, mode) {
    constexpr int kThreshold = 1500;
    OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = kThreshold});
    TestTarget target;
    const AgentProgram agent(pipe.setup(),
                             {agentPipe(pipe.setup(), pipe.mapping(), {.localPort = target.port()})});
    pipe.waitFor("agentswaiting", 1);
    for (int round = 0; round < 2; ++round)
        servingAgent(pipe, Side::Port1, {.answersPings = false}).awaitEnd();
    pipe.waitFor("agentswaiting", 1);
    BOOST_TEST(agent.log().find("connection failed") == std::string::npos);
    auto visitor = pipe.visitor();
    auto server = target.accept();
    BOOST_TEST(areJoined(visitor, server));
}

/// Its log says which of the two it is.
BOOST_DATA_TEST_CASE(WrongPasscodeAndTakenPlacesAreToldApart, kModes, mode) {
    OpenPublicPipe pipe(mode, {.limits = {{"place-wait", 100}}, .maxConnections = 1});
    const auto first = pipe.waitingAgent();
    auto settings = agentPipe(pipe.setup(), pipe.mapping(), {.localPort = 1});
    const AgentProgram late(pipe.setup(), {settings});
    late.waitForLog("Connector refuses the agent: all 1 places are taken");
    settings->set("passcode", "0b403b65-c5a0-476f-92f5-ffc7ca0f85ef");
    const AgentProgram wrong(pipe.setup(), {settings});
    wrong.waitForLog("Connector refuses the agent: wrong passcode");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(AgentPrivate)

BOOST_DATA_TEST_CASE(ClientReachesTheTarget, kEveryPair, mode, listening, connecting) {
    PrivateService service(mode, listening, connecting);
    for (int round = 0; round < 3; ++round) {
        service.pipe.waitFor("agentswaitingport1", 2);
        service.pipe.waitFor("agentswaitingport2", 2);
        auto client = service.client();
        client.send("a request");
        auto server = service.target.accept();
        BOOST_TEST(server.readExactly(9) == "a request");
        BOOST_TEST(areJoined(server, client));
    }
}

BOOST_DATA_TEST_CASE(EveryByteIsPayload, kModes, mode) {
    PrivateService service(mode, AgentProtocol::Pipe2, AgentProtocol::Pipe2);
    auto client = service.client();
    auto server = service.target.accept();
    requireTransparent(client, server);
}

BOOST_DATA_TEST_CASE(ClientMayHalfCloseAndReadOn, kModes, mode) {
    PrivateService service(mode, AgentProtocol::Pipe2, AgentProtocol::Pipe2);
    auto client = service.client();
    auto server = service.target.accept();
    requireLongAnswer(client, server);
    service.pipe.waitFor("agentswaitingport1", 2);
    service.pipe.waitFor("agentswaitingport2", 2);
}

BOOST_DATA_TEST_CASE(TargetMayHalfCloseWhileTheClientStillSends, kModes, mode) {
    PrivateService service(mode, AgentProtocol::Pipe2, AgentProtocol::Pipe2);
    auto client = service.client();
    auto server = service.target.accept();
    requireLongAnswer(server, client);
}

BOOST_DATA_TEST_CASE(TargetThatIsDownClosesTheClientAtOnce, kModes, mode) {
    PrivateService service(mode, AgentProtocol::Pipe2, AgentProtocol::Pipe2, TestTarget::State::Down);
    for (int round = 0; round < 3; ++round) {
        auto refused = service.client();
        BOOST_TEST(isClosedUnanswered(refused));
        service.pipe.waitFor("agentswaitingport1", 2);
        service.pipe.waitFor("agentswaitingport2", 2);
    }
    BOOST_TEST(service.pipe.connector().log().find("lost: ") == std::string::npos,
               "the connections stay what they are");
    service.target.start();
    auto client = service.client();
    auto server = service.target.accept();
    BOOST_TEST(areJoined(client, server));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
