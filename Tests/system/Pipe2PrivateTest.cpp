#include "RandomStream.h"
#include "TestAgent.h"
#include "TokenStream.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <future>
#include <optional>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
constexpr int kShort = 400;
constexpr std::uint64_t kSeed = 4;
const std::uint64_t kMuch = scaled(32U << 20U);
const std::uint64_t kTokens = scaled(16U << 20U);

const auto kEverySide = bdata::make(kModes) * bdata::make(kSides);
/// Who opens, what it speaks, and what the other side speaks.
const auto kEveryPair = kEverySide * bdata::make(kProtocols) * bdata::make(kProtocols);

constexpr auto kPipe2 = AgentProtocol::Pipe2;

/// A conversation between the sides, both in PIPE/2, begun from this one.
struct Conversation {
    Conversation(const OpenPrivatePipe& pipe, Side side)
        : agent(pipe, opposite(side), kPipe2), opener(pipe, side, kPipe2), from(opener.connection()),
          to(agent.connection()) {
        opener.begin("hello");
        agent.takeCall(5);
        opener.awaitOpened();
    }

    TestAgent agent;
    TestAgent opener;
    PipeClient& from;
    PipeClient& to;
};

/// Whether it is the first of the two that something comes to. Takes one byte of it.
bool isCalledFirst(PipeClient& one, PipeClient& other) {
    bool isFirst = false;
    waitUntil("one of the two is called", [&] {
        isFirst = !one.isQuiet();
        return isFirst || !other.isQuiet();
    });
    return isFirst;
}

} // namespace

BOOST_AUTO_TEST_SUITE(Pipe2Private)

BOOST_DATA_TEST_CASE(EitherSideOpensInEitherProtocol, kEveryPair, mode, side, opening, answering) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, opening);
    TestAgent agent(pipe, opposite(side), answering);
    opener.begin("a request");
    BOOST_TEST(agent.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.connection(), opener.connection()));
    pipe.waitFor("relays", 1);
    pipe.waitFor(side == Side::Port1 ? "bytesfromport1" : "bytesfromport2", 9 + 9);
}

BOOST_DATA_TEST_CASE(ConversationBeginsWhenThePartnerComes, kEveryPair, mode, side, opening, answering) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"visitor-wait", kNever}}});
    TestAgent opener(pipe, side, opening);
    opener.begin("a request");
    opener.connection().waitUntilRead();
    TestAgent agent(pipe, opposite(side), answering);
    BOOST_TEST(agent.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.connection(), opener.connection()));
}

BOOST_DATA_TEST_CASE(OpenPassesTheVisitorOn, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe2);
    TestAgent agent(pipe, opposite(side), kPipe2);
    opener.connection().send("OPEN [2001:db8::7]:4321\n");
    const auto opened = agent.acceptOpen();
    BOOST_TEST(opened.visitor == "[2001:db8::7]:4321");
    BOOST_TEST(opened.firstBytes == "");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.connection(), opener.connection()));
}

/// An agent of PIPE/1 has no word for whom it speaks: it is the visitor itself.
BOOST_DATA_TEST_CASE(OpenOfAPipe1AgentNamesTheAgent, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, AgentProtocol::Pipe1);
    TestAgent agent(pipe, opposite(side), kPipe2);
    opener.begin("hello");
    BOOST_TEST(agent.acceptOpen().visitor == "127.0.0.1:" + std::to_string(opener.connection().localPort()));
}

BOOST_DATA_TEST_CASE(OpenMayComeInPieces, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"greeting-rest", kNever}}});
    TestAgent opener(pipe, side, kPipe2);
    TestAgent agent(pipe, opposite(side), kPipe2);
    sendByteByByte(opener.connection(), "OPEN 192.0.2.7:1 6\nBEAT");
    BOOST_TEST(agent.connection().isQuiet());
    opener.connection().send("\nx");
    BOOST_TEST(agent.acceptOpen().firstBytes == "BEAT\nx");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.connection(), opener.connection()));
}

BOOST_DATA_TEST_CASE(FirstBytesMayBeAsManyAsAllowed, kEverySide, mode, side) {
    constexpr std::size_t kMost = 65536;
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe2);
    TestAgent agent(pipe, opposite(side), kPipe2);
    opener.begin(randomBytes(kMost, kSeed));
    BOOST_TEST((agent.takeCall(kMost) == randomBytes(kMost, kSeed)));
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.connection(), opener.connection()));
}

BOOST_DATA_TEST_CASE(FirstBytesThatDoNotComeAreGivenUp, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"greeting-rest", kShort}}});
    TestAgent opener(pipe, side, kPipe2);
    opener.connection().send("OPEN 192.0.2.7:1 10\nhello");
    BOOST_TEST(isClosedUnanswered(opener.connection()));
    pipe.connector().waitForLog("OPEN's first bytes, did not come to their end");
}

/// Whether somebody waits already or not, and in one piece or in two.
BOOST_DATA_TEST_CASE(MoreThanTheFirstBytesBeforeTheAnswerIsDelivered,
                     kEverySide* bdata::make(kProtocols) * bdata::make({true, false}), mode, side, answering,
                     isAwaited) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"visitor-wait", kNever}}});
    TestAgent opener(pipe, side, kPipe2);
    std::optional<TestAgent> agent;
    if (isAwaited) agent.emplace(pipe, opposite(side), answering);
    opener.connection().send("OPEN 192.0.2.7:1 5\nhello, world");
    if (!isAwaited) {
        sendAlone(opener.connection(), ", how");
        sendAlone(opener.connection(), " are you?");
        agent.emplace(pipe, opposite(side), answering);
    }
    const std::string expected = isAwaited ? "hello, world" : "hello, world, how are you?";
    BOOST_TEST(agent->takeCall(expected.size()) == expected);
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent->connection(), opener.connection()));
}

/// What is beyond is not read meanwhile.
BOOST_DATA_TEST_CASE(MuchMoreThanTheFirstBytesIsDelivered, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"visitor-wait", kNever}}});
    TestAgent opener(pipe, side, kPipe2);
    opener.connection().send("OPEN 192.0.2.7:1 60000\n" + randomBytes(60000, kSeed));
    auto sending = startSending(opener.connection(), kSeed + 1, kMuch);
    pipe.waitFor(waitingKey(side), 1);
    TestAgent agent(pipe, opposite(side), kPipe2);
    const auto first = agent.acceptOpen().firstBytes;
    BOOST_TEST(first.size() >= 60000);
    BOOST_TEST(first.size() <= 65536);
    BOOST_TEST((first + agent.connection().readExactly(60000 + kMuch - first.size()) ==
                randomBytes(60000, kSeed) + randomBytes(kMuch, kSeed + 1)));
    sending.get();
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.connection(), opener.connection()));
}

/// It was meant for the conversation that did not come about.
BOOST_DATA_TEST_CASE(MoreThanTheFirstBytesIsDroppedWhenRefused, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe2);
    TestAgent agent(pipe, opposite(side), kPipe2);
    opener.connection().send("OPEN 192.0.2.7:1 5\nhello, world");
    agent.readOpen();
    agent.connection().send("REFUSED the target is down\n");
    BOOST_TEST(readLine(opener.connection()) == "REFUSED the target is down");
    BOOST_TEST(opener.answersBeat());
    opener.begin("a request");
    BOOST_TEST(agent.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.connection(), opener.connection()));
}

BOOST_DATA_TEST_CASE(OpenIsRefusedWhenNobodyComes, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"visitor-wait", kShort}}});
    TestAgent opener(pipe, side, kPipe2);
    for (int round = 0; round < 2; ++round) {
        opener.begin("hello");
        BOOST_TEST(readLine(opener.connection()).starts_with("REFUSED "));
        BOOST_TEST(opener.answersBeat());
    }
    TestAgent agent(pipe, opposite(side), kPipe2);
    opener.begin("a request");
    BOOST_TEST(agent.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.connection(), opener.connection()));
}

BOOST_DATA_TEST_CASE(RefusedIsPassedOnAndBothAreIdleAgain, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe2);
    TestAgent agent(pipe, opposite(side), kPipe2);
    for (int round = 0; round < 3; ++round) {
        opener.begin("a request");
        BOOST_TEST(agent.readOpen().firstBytes == "a request");
        agent.connection().send("REFUSED the target is down\n");
        BOOST_TEST(readLine(opener.connection()) == "REFUSED the target is down");
        BOOST_TEST(opener.answersBeat());
        BOOST_TEST(agent.answersBeat());
    }
    pipe.waitFor(waitingKey(side), 1);
    pipe.waitFor(waitingKey(opposite(side)), 1);
    agent.begin("the other way");
    BOOST_TEST(opener.takeCall(13) == "the other way");
    agent.awaitOpened();
    BOOST_TEST(areJoined(agent.connection(), opener.connection()));
}

/// PIPE/1 has no word for it: it is closed.
BOOST_DATA_TEST_CASE(RefusedClosesAnOpenerOfPipe1, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, AgentProtocol::Pipe1);
    TestAgent agent(pipe, opposite(side), kPipe2);
    opener.begin("a request");
    agent.readOpen();
    agent.connection().send("REFUSED the target is down\n");
    BOOST_TEST(isClosedUnanswered(opener.connection()));
    BOOST_TEST(agent.answersBeat());
    pipe.waitFor(waitingKey(side), 0);
}

/// OPEN from either end at once: Connector's wins, and the agent's is dropped with its first bytes.
BOOST_DATA_TEST_CASE(ConnectorsOpenWinsOverTheAgentsOwn, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe2);
    TestAgent agent(pipe, opposite(side), kPipe2);
    opener.begin("a request");
    BOOST_TEST(agent.readOpen().firstBytes == "a request");
    agent.connection().send("OPEN 192.0.2.8:1 7\nOPENED\nOPENED\nan answer");
    opener.awaitOpened();
    BOOST_TEST(opener.connection().readExactly(9) == "an answer");
    BOOST_TEST(areJoined(opener.connection(), agent.connection()));
}

/// Both sides open at the same moment: one of them is called, the other's OPEN is answered.
BOOST_DATA_TEST_CASE(SimultaneousOpeningIsOneConversation, kModes, mode) {
    const OpenPrivatePipe pipe(mode);
    for (int round = 0; round < 20; ++round) {
        TestAgent agent1(pipe, Side::Port1, kPipe2);
        TestAgent agent2(pipe, Side::Port2, kPipe2);
        agent1.begin("from one");
        agent2.begin("from two");
        const bool isAgent1Called = isCalledFirst(agent1.connection(), agent2.connection());
        auto& called = isAgent1Called ? agent1 : agent2;
        auto& opener = isAgent1Called ? agent2 : agent1;
        BOOST_TEST(readLine(called.connection()) == "PEN 192.0.2.7:1234 8");
        BOOST_TEST(called.connection().readExactly(8) == (isAgent1Called ? "from two" : "from one"));
        called.connection().send("OPENED\n");
        opener.awaitOpened();
        BOOST_TEST(areJoined(opener.connection(), called.connection()));
        opener.connection().close();
        called.connection().readToEnd();
        called.connection().close();
        pipe.waitFor("relays", 0);
    }
}

BOOST_DATA_TEST_CASE(OpenerOfADeadAgentGetsAnother, kEverySide* bdata::make(kProtocols), mode, side,
                     opening) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"visitor-wait", kNever}}, .maxConnections = 2});
    TestAgent opener(pipe, side, opening);
    opener.begin("a request");
    for (int number = 0; number < 3; ++number) {
        TestAgent mortal(pipe, opposite(side), kPipe2);
        BOOST_TEST(mortal.readOpen().firstBytes == "a request");
        mortal.connection().abort();
    }
    TestAgent immortal(pipe, opposite(side), kPipe2);
    BOOST_TEST(immortal.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(immortal.connection(), opener.connection()));
}

BOOST_DATA_TEST_CASE(EveryByteIsPayload, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    Conversation talk(pipe, side);
    auto fromOpener = startSendingTokens(talk.from, kSeed, kTokens);
    auto fromAgent = startSendingTokens(talk.to, kSeed + 1, kTokens);
    auto toAgent = startReceivingTokens(talk.to, kSeed, kTokens);
    auto toOpener = startReceivingTokens(talk.from, kSeed + 1, kTokens);
    for (auto* work : {&fromOpener, &fromAgent, &toAgent, &toOpener})
        work->get();
}

BOOST_DATA_TEST_CASE(HalfCloseLeavesTheOtherWayOpen, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    Conversation talk(pipe, side);
    talk.from.send("all I have to say");
    talk.from.finishSending();
    BOOST_TEST(talk.to.readToEnd() == "all I have to say");
    auto sending = startSending(talk.to, kSeed, kMuch);
    receiveRandom(talk.from, kSeed, kMuch);
    sending.get();
    talk.to.close();
    BOOST_TEST(talk.from.readToEnd() == "");
    BOOST_TEST(talk.from.end() == PipeClient::End::Orderly);
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(HalfCloseOfTheCalledLeavesTheOtherWayOpen, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    Conversation talk(pipe, side);
    talk.to.send("all I have to say");
    talk.to.finishSending();
    BOOST_TEST(talk.from.readToEnd() == "all I have to say");
    auto sending = startSending(talk.from, kSeed, kMuch);
    receiveRandom(talk.to, kSeed, kMuch);
    sending.get();
    talk.from.close();
    BOOST_TEST(talk.to.readToEnd() == "");
    pipe.waitFor("relays", 0);
}

/// Where one end knows no half-close, the end of one way is the end of both, as it was.
BOOST_DATA_TEST_CASE(HalfCloseTowardsPipe1EndsTheRelay, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe2);
    TestAgent agent(pipe, opposite(side), AgentProtocol::Pipe1);
    opener.begin("the last words");
    opener.awaitOpened();
    opener.connection().finishSending();
    BOOST_TEST(agent.connection().readToEnd() == "the last words");
    agent.connection().close();
    BOOST_TEST(opener.connection().readToEnd() == "");
    pipe.waitFor("relays", 0);
}

/// PIPE/1's side has heartbeats during a conversation, PIPE/2's has none: BEAT from there is payload.
BOOST_DATA_TEST_CASE(HeartbeatsStayOnTheirSide, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe2);
    TestAgent agent(pipe, opposite(side), AgentProtocol::Pipe1);
    opener.begin("hello");
    BOOST_TEST(agent.takeCall(5) == "hello");
    opener.awaitOpened();
    agent.connection().send("answer");
    BOOST_TEST(opener.connection().readExactly(6) == "answer");
    sendAlone(agent.connection(), "BEAT");
    sendAlone(agent.connection(), "BEAT");
    BOOST_TEST(agent.connection().readExactly(4) == "BEAT");
    BOOST_TEST(opener.connection().isQuiet());
    opener.connection().send("BEAT\n");
    BOOST_TEST(agent.connection().readExactly(5) == "BEAT\n");
}

BOOST_DATA_TEST_CASE(RemoveClosesEverything, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"visitor-wait", kNever}}, .maxConnections = 3});
    Conversation talk(pipe, side);
    TestAgent called(pipe, opposite(side), kPipe2);
    TestAgent opener(pipe, side, kPipe2);
    opener.begin("hello");
    called.readOpen();
    TestAgent holding(pipe, side, kPipe2);
    holding.begin("hello");
    holding.connection().waitUntilRead();
    pipe.api().remove(pipe.mapping().id);
    for (auto* client :
         {&talk.from, &talk.to, &called.connection(), &opener.connection(), &holding.connection()})
        BOOST_TEST(client->readToEnd() == "");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
