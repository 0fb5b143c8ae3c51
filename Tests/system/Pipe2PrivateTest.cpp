#include "RandomStream.h"
#include "TestAgent.h"
#include "TokenStream.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <list>
#include <optional>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
constexpr int kShort = 400;
constexpr std::uint64_t kSeed = 4;
const std::uint64_t kMuch = scaled(32U << 20U);
const std::uint64_t kTokens = scaled(16U << 20U);
const std::map<std::string, int> kNoLimits{{"open", kNever}, {"visitor-wait", kNever}};

constexpr auto kPipe1 = AgentProtocol::Pipe1;
constexpr auto kPipe2 = AgentProtocol::Pipe2;

const auto kEverySide = bdata::make(kModes) * bdata::make(kSides);
/// Who opens, what it speaks, and what the other side speaks.
const auto kEveryPair = kEverySide * bdata::make(kProtocols) * bdata::make(kProtocols);

constexpr const char* kBothListen = R"(both sides listen; one must be "role": "connect")";

/// A conversation between the sides, both in PIPE/2, begun from this one.
struct Conversation {
    Conversation(const OpenPrivatePipe& pipe, Side side)
        : agent(servingAgent(pipe, opposite(side))), opener(openingAgent(pipe, side)), from(opener.open()),
          to(agent.nextRequest()) {
        to.answer();
        if (from.status() != 200) throw std::runtime_error("refused: " + from.reason());
    }

    Http2Peer agent;
    Http2Peer opener;
    Http2Stream from;
    Http2Stream to;
};

/// Whether a conversation begins, and carries bytes both ways.
bool canTalk(Http2Peer& opener, Http2Peer& agent) {
    auto from = opener.open("192.0.2.7:51234", "a request");
    auto to = agent.nextRequest();
    to.answer();
    return to.readExactly(9) == "a request" && from.status() == 200 && areJoined(from, to);
}

} // namespace

BOOST_AUTO_TEST_SUITE(Pipe2Private)

BOOST_DATA_TEST_CASE(EitherSideOpensInEitherProtocol, kEveryPair, mode, side, opening, answering) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, opening, PipeRole::Opens);
    TestAgent agent(pipe, opposite(side), answering, PipeRole::Serves);
    opener.begin("a request");
    BOOST_TEST(agent.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.channel(), opener.channel()));
    pipe.waitFor("relays", 1);
    pipe.waitFor(side == Side::Port1 ? "bytesfromport1" : "bytesfromport2", 9 + 9);
}

BOOST_DATA_TEST_CASE(ConversationBeginsWhenThePartnerComes, kEveryPair, mode, side, opening, answering) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits});
    TestAgent opener(pipe, side, opening, PipeRole::Opens);
    opener.begin("a request");
    if (opening == kPipe1)
        opener.connection().waitUntilRead();
    else
        opener.peer().roundTrip();
    TestAgent agent(pipe, opposite(side), answering, PipeRole::Serves);
    BOOST_TEST(agent.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.channel(), opener.channel()));
}

BOOST_DATA_TEST_CASE(RequestPassesTheVisitorOn, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto opener = openingAgent(pipe, side);
    auto agent = servingAgent(pipe, opposite(side));
    for (const auto* visitor : {"192.0.2.7:51234", "[2001:db8::7]:4321", "[::1]:1", "0.0.0.0:65535"}) {
        auto from = opener.open(visitor);
        auto to = agent.nextRequest();
        BOOST_TEST(to.visitor() == visitor);
        BOOST_TEST(to.field(":method") == "CONNECT");
        BOOST_TEST(to.field(":authority").starts_with(pipe.mapping().id + ":"));
        to.answer();
        BOOST_TEST(from.status() == 200);
        BOOST_TEST(areJoined(to, from));
    }
}

/// An agent of PIPE/1 has no word for whom it speaks: it is the visitor itself.
BOOST_DATA_TEST_CASE(RequestForAPipe1AgentNamesTheAgent, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe1, PipeRole::Opens);
    auto agent = servingAgent(pipe, opposite(side));
    opener.begin("hello");
    BOOST_TEST(agent.nextRequest().visitor() == "127.0.0.1:" + std::to_string(opener.localPort()));
}

/// More than the first bytes, too; but that is not passed on before the answer.
BOOST_DATA_TEST_CASE(MuchMayBeSentBeforeTheAnswer, kEverySide* bdata::make({true, false}), mode, side,
                     isAwaited) {
    constexpr std::size_t kMost = 65536;
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits});
    auto opener = openingAgent(pipe, side);
    std::optional<Http2Peer> agent;
    if (isAwaited) agent.emplace(servingAgent(pipe, opposite(side)));
    auto from = opener.open();
    auto sending = startSending(from, kSeed, kMuch);
    opener.roundTrip();
    if (!isAwaited) agent.emplace(servingAgent(pipe, opposite(side)));
    auto to = agent->nextRequest();
    waitUntilStalled("what comes before the answer", [&] { return to.available(); });
    BOOST_TEST(to.available() <= kMost);
    to.answer();
    receiveRandom(to, kSeed, kMuch);
    sending.get();
    BOOST_TEST(from.status() == 200);
    BOOST_TEST(areJoined(to, from));
}

BOOST_DATA_TEST_CASE(MuchMayBeSentBeforeAPipe1AgentComes, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits});
    auto opener = openingAgent(pipe, side);
    auto from = opener.open();
    auto sending = startSending(from, kSeed, kMuch);
    opener.roundTrip();
    TestAgent agent(pipe, opposite(side), kPipe1, PipeRole::Serves);
    receiveRandom(agent.channel(), kSeed, kMuch);
    sending.get();
    BOOST_TEST(from.status() == 200);
    BOOST_TEST(areJoined(agent.channel(), from));
}

BOOST_DATA_TEST_CASE(RefusalIsPassedOn, kEverySide* bdata::make({502, 503, 504}), mode, side, status) {
    const OpenPrivatePipe pipe(mode);
    auto opener = openingAgent(pipe, side);
    auto agent = servingAgent(pipe, opposite(side));
    for (int round = 0; round < 3; ++round) {
        auto from = opener.open("192.0.2.7:51234", "a request");
        auto to = agent.nextRequest();
        BOOST_TEST(to.readExactly(9) == "a request");
        to.refuse(status, "the target is down");
        BOOST_TEST(from.status() >= 502);
        BOOST_TEST(from.status() <= 504);
        BOOST_TEST(from.reason().find("the target is down") != std::string::npos, from.reason());
        BOOST_TEST(from.readToEnd() == "");
    }
    BOOST_TEST(canTalk(opener, agent));
}

/// PIPE/1 has no word for it: it is closed.
BOOST_DATA_TEST_CASE(RefusalClosesAnOpenerOfPipe1, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe1, PipeRole::Opens);
    auto agent = servingAgent(pipe, opposite(side));
    opener.begin("a request");
    agent.nextRequest().refuse(502, "the target is down");
    BOOST_TEST(isClosedUnanswered(opener.connection()));
    pipe.connector().waitForLog("the target is down");
    agent.roundTrip();
}

BOOST_DATA_TEST_CASE(NobodyThereIsAnswered503, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"visitor-wait", kShort}}});
    auto opener = openingAgent(pipe, side);
    for (int round = 0; round < 2; ++round) {
        auto from = opener.open("192.0.2.7:51234", "hello");
        BOOST_TEST(from.status() == 503);
        BOOST_TEST(!from.reason().empty());
        BOOST_TEST(from.readToEnd() == "");
    }
    auto agent = servingAgent(pipe, opposite(side));
    BOOST_TEST(canTalk(opener, agent));
}

BOOST_DATA_TEST_CASE(NoAnswerInTimeIsARefusal, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"open", kShort}}});
    auto opener = openingAgent(pipe, side);
    auto agent = servingAgent(pipe, opposite(side));
    auto from = opener.open("192.0.2.7:51234", "hello");
    auto to = agent.nextRequest();
    agent.roundTrip(); // it lives
    BOOST_TEST(from.status() >= 502);
    BOOST_TEST(from.status() <= 504);
    BOOST_TEST(from.reason().find("no answer") != std::string::npos, from.reason());
    BOOST_TEST(to.awaitReset() == static_cast<std::uint32_t>(NGHTTP2_CANCEL));
    BOOST_TEST(canTalk(opener, agent));
}

/// An agent that is not even heard may be dead.
BOOST_DATA_TEST_CASE(NoSignOfLifeInTimeIsNoRefusal, kEverySide* bdata::make(kProtocols), mode, side,
                     opening) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"open", kShort}, {"visitor-wait", kNever}}});
    auto stopped = servingAgent(pipe, opposite(side));
    stopped.pause();
    TestAgent opener(pipe, side, opening, PipeRole::Opens);
    opener.begin("a request");
    pipe.connector().waitForLog("no answer within");
    TestAgent agent(pipe, opposite(side), kPipe2, PipeRole::Serves);
    BOOST_TEST(agent.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.channel(), opener.channel()));
}

BOOST_DATA_TEST_CASE(WhereBothOpenBothAreToldAtOnce, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits});
    auto one = openingAgent(pipe, side);
    auto other = openingAgent(pipe, opposite(side));
    for (auto* opener : {&one, &other, &one}) {
        auto from = opener->open("192.0.2.7:51234", "hello");
        BOOST_TEST(from.status() == 503);
        BOOST_TEST(from.reason() == kBothListen);
        BOOST_TEST(from.readToEnd() == "");
    }
    auto agent = servingAgent(pipe, opposite(side));
    BOOST_TEST(canTalk(one, agent));
}

BOOST_DATA_TEST_CASE(WhoWaitsIsToldWhenTheOtherSideOpensToo, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits});
    auto one = openingAgent(pipe, side);
    auto from = one.open("192.0.2.7:51234", "hello");
    one.roundTrip();
    BOOST_TEST(from.isQuiet());
    auto other = openingAgent(pipe, opposite(side));
    BOOST_TEST(from.status() == 503);
    BOOST_TEST(from.reason() == kBothListen);
}

/// An agent that opens is never asked, and neither is one of the opener's own side.
BOOST_DATA_TEST_CASE(OnlyTheOtherSidesServingAgentsAreAsked, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits, .maxConnections = 2});
    auto opener = openingAgent(pipe, side);
    auto neighbour = servingAgent(pipe, side);
    auto opposing = openingAgent(pipe, opposite(side));
    auto agent = servingAgent(pipe, opposite(side));
    for (int round = 0; round < 3; ++round)
        BOOST_TEST(canTalk(opener, agent));
    BOOST_TEST(!neighbour.hasRequest());
    BOOST_TEST(canTalk(opposing, neighbour));
    BOOST_TEST(!agent.hasRequest());
    opposing.close();
    pipe.waitFor(waitingKey(opposite(side)), 1);
    agent.close();
    pipe.waitFor(waitingKey(opposite(side)), 0);
    auto waiting = opener.open("192.0.2.7:51234", "a request");
    opener.roundTrip();
    BOOST_TEST(!neighbour.hasRequest());
    BOOST_TEST(waiting.isQuiet());
}

BOOST_DATA_TEST_CASE(OpenerOfADeadAgentGetsAnother, kEverySide* bdata::make(kProtocols), mode, side,
                     opening) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits, .maxConnections = 2});
    TestAgent opener(pipe, side, opening, PipeRole::Opens);
    opener.begin("a request");
    for (int number = 0; number < 3; ++number) {
        auto mortal = servingAgent(pipe, opposite(side));
        auto denied = mortal.nextRequest();
        BOOST_TEST(denied.readExactly(9) == "a request");
        if (number == 1) mortal.goaway(denied.id() - 1);
        mortal.abort();
    }
    TestAgent immortal(pipe, opposite(side), kPipe2, PipeRole::Serves);
    BOOST_TEST(immortal.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(immortal.channel(), opener.channel()));
}

BOOST_DATA_TEST_CASE(RefusedStreamGoesToAnother, kEverySide* bdata::make(kProtocols), mode, side, opening) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits, .maxConnections = 2});
    TestAgent opener(pipe, side, opening, PipeRole::Opens);
    opener.begin("a request");
    auto refusing = servingAgent(pipe, opposite(side));
    auto refused = refusing.nextRequest();
    TestAgent agent(pipe, opposite(side), kPipe2, PipeRole::Serves);
    refused.reset(NGHTTP2_REFUSED_STREAM);
    BOOST_TEST(agent.takeCall(9) == "a request");
    opener.awaitOpened();
    BOOST_TEST(areJoined(agent.channel(), opener.channel()));
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

BOOST_DATA_TEST_CASE(HalfCloseLeavesTheOtherWayOpen, kEverySide* bdata::make({true, false}), mode, side,
                     isOpeners) {
    const OpenPrivatePipe pipe(mode);
    Conversation talk(pipe, side);
    auto& first = isOpeners ? talk.from : talk.to;
    auto& second = isOpeners ? talk.to : talk.from;
    first.send("all I have to say");
    first.finishSending();
    BOOST_TEST(second.readToEnd() == "all I have to say");
    BOOST_TEST(second.end() == PipeClient::End::Orderly);
    auto sending = startSending(second, kSeed, kMuch);
    receiveRandom(first, kSeed, kMuch);
    sending.get();
    second.finishSending();
    BOOST_TEST(first.readToEnd() == "");
    BOOST_TEST(first.end() == PipeClient::End::Orderly);
    pipe.waitFor("relays", 0);
    talk.agent.awaitOpenStreams(0);
    talk.opener.awaitOpenStreams(0);
}

/// Everything in one flight, before anybody is there.
BOOST_DATA_TEST_CASE(OpenerMaySayAllAtOnce, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits});
    auto opener = openingAgent(pipe, side);
    auto from = opener.open(connectFields("192.0.2.7:51234"), "a request", true);
    opener.roundTrip();
    auto agent = servingAgent(pipe, opposite(side));
    auto to = agent.nextRequest();
    BOOST_TEST(to.readExactly(9) == "a request");
    to.answer();
    BOOST_TEST(to.readToEnd() == "");
    to.send("an answer");
    to.finishSending();
    BOOST_TEST(from.readToEnd() == "an answer");
    BOOST_TEST(from.end() == PipeClient::End::Orderly);
}

/// Where one end knows no half-close, the end of one way is the end of both, as it was.
BOOST_DATA_TEST_CASE(HalfCloseTowardsPipe1EndsTheRelay, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto opener = openingAgent(pipe, side);
    TestAgent agent(pipe, opposite(side), kPipe1, PipeRole::Serves);
    auto from = opener.open("192.0.2.7:51234", "the last words");
    BOOST_TEST(from.status() == 200);
    from.finishSending();
    BOOST_TEST(agent.connection().readToEnd() == "the last words");
    agent.connection().close();
    BOOST_TEST(from.readToEnd() == "");
    pipe.waitFor("relays", 0);
    opener.awaitOpenStreams(0);
}

BOOST_DATA_TEST_CASE(EndOfAPipe1AgentEndsTheStream, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    TestAgent opener(pipe, side, kPipe1, PipeRole::Opens);
    auto agent = servingAgent(pipe, opposite(side));
    opener.begin("a request");
    auto to = agent.nextRequest();
    to.answer();
    to.send("an answer");
    BOOST_TEST(opener.connection().readExactly(9) == "an answer");
    opener.connection().close();
    BOOST_TEST(to.readToEnd() == "a request");
    to.finishSending();
    pipe.waitFor("relays", 0);
    agent.awaitOpenStreams(0);
}

/// PIPE/1's side has heartbeats during a conversation; on PIPE/2's, BEAT is payload.
BOOST_DATA_TEST_CASE(HeartbeatsStayOnTheirSide, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto opener = openingAgent(pipe, side);
    TestAgent agent(pipe, opposite(side), kPipe1, PipeRole::Serves);
    auto from = opener.open("192.0.2.7:51234", "hello");
    BOOST_TEST(agent.takeCall(5) == "hello");
    agent.connection().send("answer");
    BOOST_TEST(from.readExactly(6) == "answer");
    sendAlone(agent.connection(), "BEAT");
    sendAlone(agent.connection(), "BEAT");
    BOOST_TEST(agent.connection().readExactly(4) == "BEAT");
    BOOST_TEST(from.isQuiet());
    from.send("BEAT\n");
    BOOST_TEST(agent.connection().readExactly(5) == "BEAT\n");
}

BOOST_DATA_TEST_CASE(ResetIsPassedOn, kEverySide* bdata::make({true, false}), mode, side, isOpeners) {
    const OpenPrivatePipe pipe(mode);
    Conversation talk(pipe, side);
    auto& first = isOpeners ? talk.from : talk.to;
    auto& second = isOpeners ? talk.to : talk.from;
    first.send("half an ans");
    BOOST_TEST(second.readExactly(11) == "half an ans");
    first.reset();
    BOOST_TEST(second.awaitReset() == static_cast<std::uint32_t>(NGHTTP2_CANCEL));
    pipe.waitFor("relays", 0);
    BOOST_TEST(canTalk(talk.opener, talk.agent));
}

/// The agent has not answered yet; when it does, it is told at the latest.
BOOST_DATA_TEST_CASE(OpenerThatTakesItBackCancels, kEverySide* bdata::make({true, false}), mode, side, dies) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits});
    auto opener = openingAgent(pipe, side);
    auto agent = servingAgent(pipe, opposite(side));
    auto from = opener.open("192.0.2.7:51234", "a request");
    auto to = agent.nextRequest();
    if (dies)
        opener.abort();
    else
        from.reset();
    to.answer();
    BOOST_TEST(to.awaitReset() == static_cast<std::uint32_t>(NGHTTP2_CANCEL));
    if (dies) opener = openingAgent(pipe, side);
    BOOST_TEST(canTalk(opener, agent));
}

BOOST_DATA_TEST_CASE(ResetBreaksAPipe1Agent, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto opener = openingAgent(pipe, side);
    TestAgent agent(pipe, opposite(side), kPipe1, PipeRole::Serves);
    auto from = opener.open("192.0.2.7:51234", "half a ques");
    BOOST_TEST(agent.takeCall(11) == "half a ques");
    BOOST_TEST(from.status() == 200);
    from.reset();
    BOOST_TEST(agent.connection().readToEnd() == "");
    BOOST_TEST(agent.connection().end() == PipeClient::End::Reset);
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(OpenersGoawayLetsStreamsGoOn, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.maxConnections = 2});
    Conversation talk(pipe, side);
    talk.opener.goaway();
    talk.opener.roundTrip();
    BOOST_TEST(areJoined(talk.from, talk.to));
    auto next = openingAgent(pipe, side);
    BOOST_TEST(canTalk(next, talk.agent));
    talk.from.finishSending();
    talk.to.finishSending();
    talk.opener.awaitEnd();
}

BOOST_DATA_TEST_CASE(RemoveClosesEverything, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = kNoLimits, .maxConnections = 3});
    Conversation talk(pipe, side);
    auto unanswered = talk.opener.open();
    talk.agent.nextRequest();
    auto idle = servingAgent(pipe, opposite(side));
    pipe.api().remove(pipe.mapping().id);
    for (auto* stream : {&talk.from, &talk.to, &unanswered}) {
        BOOST_TEST(stream->readToEnd() == "");
        BOOST_TEST(stream->end() == PipeClient::End::Reset);
    }
    for (auto* peer : {&talk.opener, &talk.agent, &idle})
        peer->awaitEnd();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
