#include "RandomStream.h"
#include "TestAgent.h"
#include "TokenStream.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <future>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
constexpr int kSmallBuffer = 65536;
constexpr std::uint64_t kSeed = 3;
/// What a client reads that has said all it wants to.
const std::uint64_t kMuch = scaled(100U << 20U);
const std::uint64_t kTokens = scaled(48U << 20U);

/// How an agent can die.
enum class Death { Closes, Breaks, TalksNonsense };
constexpr std::array kDeaths{Death::Closes, Death::Breaks, Death::TalksNonsense};
std::ostream& operator<<(std::ostream& out, Death death) {
    constexpr std::array names{"closes", "breaks", "talks nonsense"};
    return out << names.at(static_cast<std::size_t>(death));
}

void die(PipeClient& agent, Death death) {
    if (death == Death::Closes) agent.close();
    if (death == Death::Breaks) agent.abort();
    if (death == Death::TalksNonsense) agent.send("nonsense\n");
}

/// A visitor and an agent of PIPE/2 that has said OPENED to it.
struct Conversation {
    explicit Conversation(const OpenPublicPipe& pipe, const ConnectOptions& visitorOptions = {},
                          const ConnectOptions& agentOptions = {})
        : opener(pipe, Side::Port1, AgentProtocol::Pipe2, agentOptions),
          visitor(pipe.visitor(visitorOptions)), agent(opener.connection()) {
        opener.acceptOpen();
    }

    TestAgent opener;
    PipeClient visitor;
    PipeClient& agent;
};

TestAgent pipe2Agent(const OpenPublicPipe& pipe) {
    return TestAgent(pipe, Side::Port1, AgentProtocol::Pipe2);
}

} // namespace

BOOST_AUTO_TEST_SUITE(Pipe2Public)

BOOST_DATA_TEST_CASE(OpenNamesTheVisitor, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe2Agent(pipe);
    auto visitor = pipe.visitor({.from = "127.0.0.3"});
    const auto opened = agent.acceptOpen();
    BOOST_TEST(opened.visitor == "127.0.0.3:" + std::to_string(visitor.localPort()));
    BOOST_TEST(areJoined(visitor, agent.connection()));
    pipe.waitFor("relays", 1);
    pipe.waitFor("agentswaiting", 0);
}

BOOST_DATA_TEST_CASE(OpenNamesTheVisitorOfIPv6, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe2Agent(pipe);
    auto visitor = pipe.connector().connect(pipe.mapping().port2, {}, "::1");
    BOOST_TEST(agent.acceptOpen().visitor == "[::1]:" + std::to_string(visitor.localPort()));
    BOOST_TEST(areJoined(visitor, agent.connection()));
}

BOOST_DATA_TEST_CASE(FirstBytesFollowOpenAtOnce, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto visitor = pipe.visitor();
    sendRandom(visitor, kSeed, 5000);
    pipe.waitFor("visitorswaiting", 1);
    auto agent = pipe2Agent(pipe);
    const auto first = agent.readOpen().firstBytes;
    BOOST_TEST(!first.empty());
    BOOST_TEST((first == randomBytes(5000, kSeed).substr(0, first.size())));
    agent.connection().send("OPENED\n");
    const auto rest = agent.connection().readExactly(5000 - first.size());
    BOOST_TEST((first + rest == randomBytes(5000, kSeed)));
}

/// The visitor must not be read on: its bytes must be kept should this agent die.
BOOST_DATA_TEST_CASE(NothingMoreComesBeforeTheAnswer, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}}});
    auto visitor = pipe.visitor();
    visitor.send("first ");
    pipe.waitFor("visitorswaiting", 1);
    auto agent = pipe2Agent(pipe);
    const auto first = agent.readOpen().firstBytes;
    visitor.send("second");
    BOOST_TEST(pipe.count("relays") == 0);
    BOOST_TEST(agent.connection().isQuiet());
    agent.connection().send("OPENED\n");
    BOOST_TEST(first + agent.connection().readExactly(12 - first.size()) == "first second");
    pipe.waitFor("bytesfromport2", 12);
}

BOOST_DATA_TEST_CASE(TargetMaySpeakFirst, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe2Agent(pipe);
    auto visitor = pipe.visitor();
    BOOST_TEST(agent.readOpen().firstBytes == "");
    agent.connection().send("OPENED\n220 welcome");
    BOOST_TEST(visitor.readExactly(11) == "220 welcome");
    pipe.waitFor("bytesfromport1", 11);
}

BOOST_DATA_TEST_CASE(BytesAreCountedEachWay, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.visitor.send("BEAT\n");
    BOOST_TEST(talk.agent.readExactly(5) == "BEAT\n");
    talk.agent.send("BEATBEA");
    BOOST_TEST(talk.visitor.readExactly(7) == "BEATBEA");
    pipe.waitFor("bytesfromport1", 7);
    pipe.waitFor("bytesfromport2", 5);
}

BOOST_DATA_TEST_CASE(EveryByteIsPayload, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    auto fromVisitor = startSendingTokens(talk.visitor, kSeed, kTokens);
    auto fromAgent = startSendingTokens(talk.agent, kSeed + 1, kTokens);
    auto toAgent = startReceivingTokens(talk.agent, kSeed, kTokens);
    auto toVisitor = startReceivingTokens(talk.visitor, kSeed + 1, kTokens);
    for (auto* work : {&fromVisitor, &fromAgent, &toAgent, &toVisitor})
        work->get();
    talk.visitor.close();
    BOOST_TEST(talk.agent.readToEnd() == "");
}

BOOST_DATA_TEST_CASE(VisitorOfADeadAgentGetsAnother, bdata::make(kModes) * bdata::make(kDeaths), mode,
                     death) {
    const OpenPublicPipe pipe(mode);
    auto visitor = pipe.visitor();
    visitor.send("a request");
    pipe.waitFor("visitorswaiting", 1);
    for (int number = 0; number < 5; ++number) {
        auto mortal = pipe2Agent(pipe);
        BOOST_TEST(mortal.readOpen().firstBytes == "a request");
        die(mortal.connection(), death);
        if (death == Death::TalksNonsense) mortal.connection().readToEnd();
    }
    auto immortal = pipe2Agent(pipe);
    const auto opened = immortal.acceptOpen();
    BOOST_TEST(opened.firstBytes == "a request");
    BOOST_TEST(opened.visitor == "127.0.0.1:" + std::to_string(visitor.localPort()));
    BOOST_TEST(areJoined(visitor, immortal.connection()));
    pipe.waitFor("bytesfromport2", 9 + 10);
}

BOOST_DATA_TEST_CASE(VisitorOfADeadAgentMayGetOneOfPipe1, bdata::make(kModes) * bdata::make(kDeaths), mode,
                     death) {
    const OpenPublicPipe pipe(mode);
    auto visitor = pipe.visitor();
    visitor.send("a request");
    pipe.waitFor("visitorswaiting", 1);
    auto mortal = pipe2Agent(pipe);
    BOOST_TEST(mortal.readOpen().firstBytes == "a request");
    die(mortal.connection(), death);
    TestAgent immortal(pipe, Side::Port1, AgentProtocol::Pipe1);
    BOOST_TEST(immortal.takeCall(9) == "a request");
    BOOST_TEST(areJoined(visitor, immortal.connection()));
}

/// `nc -N` with an agent that is dead.
BOOST_DATA_TEST_CASE(RequestOfAVisitorThatHalfClosedOutlivesADeadAgent,
                     bdata::make(kModes) * bdata::make(kDeaths), mode, death) {
    const OpenPublicPipe pipe(mode);
    auto visitor = pipe.visitor();
    visitor.send("a request");
    visitor.finishSending();
    auto mortal = pipe2Agent(pipe);
    BOOST_TEST(mortal.readOpen().firstBytes == "a request");
    die(mortal.connection(), death);
    auto immortal = pipe2Agent(pipe);
    BOOST_TEST(immortal.acceptOpen().firstBytes == "a request");
    BOOST_TEST(immortal.connection().readToEnd() == "");
    immortal.connection().send("an answer");
    immortal.connection().close();
    BOOST_TEST(visitor.readToEnd() == "an answer");
}

BOOST_DATA_TEST_CASE(VisitorThatLeavesDuringOpenIsNoMatter, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe2Agent(pipe);
    auto visitor = pipe.visitor();
    agent.readOpen();
    visitor.abort();
    agent.connection().send("OPENED\n");
    BOOST_TEST(agent.connection().readToEnd() == "");
    pipe.waitFor("relays", 0);
    auto next = pipe2Agent(pipe);
    auto nextVisitor = pipe.visitor();
    next.acceptOpen();
    BOOST_TEST(areJoined(nextVisitor, next.connection()));
}

BOOST_DATA_TEST_CASE(RefusedClosesTheVisitorAndTheAgentIsIdleAgain, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe2Agent(pipe);
    for (int round = 0; round < 3; ++round) {
        auto refused = pipe.visitor();
        agent.readOpen();
        agent.connection().send("REFUSED the target is down\n");
        BOOST_TEST(isClosedUnanswered(refused));
        pipe.waitFor("agentswaiting", 1);
        BOOST_TEST(agent.answersBeat());
    }
    pipe.connector().waitForLog("turned away: the agent refused it: the target is down");
    auto visitor = pipe.visitor();
    agent.acceptOpen();
    BOOST_TEST(areJoined(visitor, agent.connection()));
    pipe.waitFor("bytesfromport2", 10);
}

/// The agent has its first bytes: what follows them must be understood as lines again.
BOOST_DATA_TEST_CASE(RefusedKeepsTheConnectionInStep, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto refused = pipe.visitor();
    refused.send("BEAT\nOPEN 192.0.2.7:1 7\n");
    pipe.waitFor("visitorswaiting", 1);
    auto agent = pipe2Agent(pipe);
    agent.readOpen();
    agent.connection().send("REFUSED x\nBEAT\nBEA");
    BOOST_TEST(isClosedUnanswered(refused));
    BOOST_TEST(readLine(agent.connection()) == "BEAT");
    auto visitor = pipe.visitor();
    agent.readOpen();
    agent.connection().send("T\nOPENED\nwelcome");
    BOOST_TEST(visitor.readExactly(7) == "welcome");
    BOOST_TEST(areJoined(visitor, agent.connection()));
}

BOOST_DATA_TEST_CASE(HalfCloseOfTheVisitorLeavesTheAnswerOpen, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.visitor.send("a request");
    talk.visitor.finishSending();
    BOOST_TEST(talk.agent.readToEnd() == "a request");
    BOOST_TEST(talk.agent.end() == PipeClient::End::Orderly);
    auto sending = startSending(talk.agent, kSeed, kMuch);
    receiveRandom(talk.visitor, kSeed, kMuch);
    sending.get();
    pipe.waitFor("relays", 1);
    talk.agent.close();
    BOOST_TEST(talk.visitor.readToEnd() == "");
    BOOST_TEST(talk.visitor.end() == PipeClient::End::Orderly);
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(HalfCloseOfTheAgentLeavesTheRequestOpen, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.agent.send("goodbye");
    talk.agent.finishSending();
    BOOST_TEST(talk.visitor.readToEnd() == "goodbye");
    BOOST_TEST(talk.visitor.end() == PipeClient::End::Orderly);
    auto sending = startSending(talk.visitor, kSeed, kMuch);
    receiveRandom(talk.agent, kSeed, kMuch);
    sending.get();
    talk.visitor.close();
    BOOST_TEST(talk.agent.readToEnd() == "");
    BOOST_TEST(talk.agent.end() == PipeClient::End::Orderly);
    pipe.waitFor("relays", 0);
}

/// As `nc -N` does it: everything is said before an agent is there.
BOOST_DATA_TEST_CASE(HalfCloseMayComeBeforeTheAgent, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto visitor = pipe.visitor();
    visitor.send("GET / HTTP/1.0\r\n\r\n");
    visitor.finishSending();
    pipe.waitFor("visitorswaiting", 1);
    auto agent = pipe2Agent(pipe);
    BOOST_TEST(agent.takeCall(18) == "GET / HTTP/1.0\r\n\r\n");
    BOOST_TEST(agent.connection().readToEnd() == "");
    agent.connection().send("HTTP/1.0 200 OK\r\n\r\n");
    agent.connection().close();
    BOOST_TEST(visitor.readToEnd() == "HTTP/1.0 200 OK\r\n\r\n");
}

/// What was sent before the half-close is more than the other end takes at once.
BOOST_DATA_TEST_CASE(HalfCloseIsPassedOnBehindAllPayload, kModes, mode) {
    constexpr std::uint64_t kLarge = 8U << 20U;
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe, {}, {.bufferSize = kSmallBuffer});
    auto sending = std::async(std::launch::async, [&visitor = talk.visitor] {
        sendRandom(visitor, kSeed, kLarge);
        visitor.finishSending();
    });
    waitUntilStalled("bytesfromport2",
                     [&] { return static_cast<std::uint64_t>(pipe.count("bytesfromport2")); });
    receiveRandom(talk.agent, kSeed, kLarge);
    BOOST_TEST(talk.agent.readToEnd() == "");
    sending.get();
    talk.agent.send("all received");
    BOOST_TEST(talk.visitor.readExactly(12) == "all received");
}

BOOST_DATA_TEST_CASE(AgentThatDiesAfterOpenedBreaksItsVisitor, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.agent.send("half an ans");
    BOOST_TEST(talk.visitor.readExactly(11) == "half an ans");
    talk.agent.abort();
    BOOST_TEST(talk.visitor.readToEnd() == "");
    BOOST_TEST(talk.visitor.end() != PipeClient::End::Orderly, "half an answer must not look complete");
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(VisitorThatBreaksAfterItsHalfCloseEndsTheRelay, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.visitor.finishSending();
    BOOST_TEST(talk.agent.readToEnd() == "");
    talk.visitor.abort();
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(BothProtocolsServeOneMapping, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    for (int round = 0; round < 5; ++round) {
        TestAgent agent1(pipe, Side::Port1, AgentProtocol::Pipe1);
        auto agent2 = pipe2Agent(pipe);
        auto first = pipe.visitor();
        first.send("to PIPE/1");
        BOOST_TEST(agent1.takeCall(9) == "to PIPE/1");
        auto second = pipe.visitor();
        second.send("to PIPE/2");
        BOOST_TEST(agent2.takeCall(9) == "to PIPE/2");
        BOOST_TEST(areJoined(first, agent1.connection()));
        BOOST_TEST(areJoined(second, agent2.connection()));
    }
}

BOOST_DATA_TEST_CASE(HeartbeatsOfPipe1GoOnBesidePipe2, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    TestAgent agent1(pipe, Side::Port1, AgentProtocol::Pipe1);
    auto visitor = pipe.visitor();
    visitor.send("a request");
    BOOST_TEST(agent1.takeCall(9) == "a request");
    sendAlone(agent1.connection(), "BEAT"); // the request was sign of life enough
    BOOST_TEST(agent1.answersBeat());
    talk.agent.send("BEAT");
    BOOST_TEST(talk.visitor.readExactly(4) == "BEAT");
    BOOST_TEST(visitor.isQuiet());
}

BOOST_DATA_TEST_CASE(RemoveClosesEverything, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}}});
    Conversation talk(pipe);
    auto opening = pipe2Agent(pipe);
    auto visitor = pipe.visitor();
    opening.readOpen();
    auto waiting = pipe2Agent(pipe);
    pipe.api().remove(pipe.mapping().id);
    for (auto* client : {&talk.visitor, &talk.agent, &opening.connection(), &visitor, &waiting.connection()})
        BOOST_TEST(client->readToEnd() == "");
    BOOST_TEST(refusesConnections(pipe.mapping().port1));
    BOOST_TEST(refusesConnections(pipe.mapping().port2));
}

BOOST_DATA_TEST_CASE(OpeningsLeaveNothingBehind, kModes, mode) {
    OpenPublicPipe pipe(mode, {.maxConnections = 2});
    const auto descriptors = pipe.connector().process().descriptorCount();
    for (int round = 0; round < 30; ++round) {
        auto mortal = pipe2Agent(pipe);
        auto visitor = pipe.visitor();
        mortal.readOpen();
        mortal.connection().abort();
        auto agent = pipe2Agent(pipe);
        agent.acceptOpen();
        BOOST_REQUIRE(areJoined(visitor, agent.connection()));
    }
    pipe.waitFor("relays", 0);
    pipe.waitFor("agentswaiting", 0);
    waitUntil("the descriptors are given back",
              [&] { return pipe.connector().process().descriptorCount() <= descriptors + 2; });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
