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

/// What refuses a visitor.
constexpr std::array kRefusals{502, 503, 504};
/// How an agent breaks a conversation.
const std::array<std::uint32_t, 3> kResets{NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM};

/// A visitor and the stream that it was given and that was accepted.
struct Conversation {
    explicit Conversation(const OpenPublicPipe& pipe, const ConnectOptions& visitorOptions = {},
                          const Http2Options& options = {})
        : agent(servingAgent(pipe, Side::Port1, options)), visitor(pipe.visitor(visitorOptions)),
          stream(agent.nextRequest()) {
        stream.answer();
    }

    Http2Peer agent;
    PipeClient visitor;
    Http2Stream stream;
};

std::string addressOf(const PipeClient& visitor, const std::string& host = "127.0.0.1") {
    return host + ":" + std::to_string(visitor.localPort());
}

} // namespace

BOOST_AUTO_TEST_SUITE(Pipe2Public)

BOOST_DATA_TEST_CASE(RequestNamesTheMappingAndTheVisitor, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor({.from = "127.0.0.3"});
    auto stream = agent.nextRequest();
    BOOST_TEST(stream.field(":method") == "CONNECT");
    BOOST_TEST(stream.field(":authority") == pipe.mapping().id + ":" + std::to_string(pipe.mapping().port2));
    BOOST_TEST(stream.visitor() == addressOf(visitor, "127.0.0.3"));
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
    pipe.waitFor("relays", 1);
}

BOOST_DATA_TEST_CASE(RequestNamesTheVisitorOfIPv6, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto visitor = pipe.connector().connect(pipe.mapping().port2, {}, "::1");
    auto stream = agent.nextRequest();
    BOOST_TEST(stream.visitor() == addressOf(visitor, "[::1]"));
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_DATA_TEST_CASE(FirstBytesFollowTheRequestAtOnce, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}}});
    auto visitor = pipe.visitor();
    sendRandom(visitor, kSeed, 5000);
    pipe.waitFor("visitorswaiting", 1);
    auto agent = servingAgent(pipe);
    auto stream = agent.nextRequest();
    BOOST_TEST((stream.readExactly(5000) == randomBytes(5000, kSeed)), "though nothing is answered");
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
    pipe.waitFor("bytesfromport2", 5010);
}

/// They are kept, should this agent die; so they must have a bound.
BOOST_DATA_TEST_CASE(FirstBytesAreNoMoreThanCanBeKept, kModes, mode) {
    constexpr std::size_t kMost = 65536;
    const OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}}});
    auto agent = servingAgent(pipe, Side::Port1, {.streamWindow = 4U << 20U});
    auto visitor = pipe.visitor();
    auto sending = startSending(visitor, kSeed, kMuch);
    auto stream = agent.nextRequest();
    waitUntilStalled("what comes before the answer", [&] { return stream.available(); });
    BOOST_TEST(stream.available() > 0U);
    BOOST_TEST(stream.available() <= kMost);
    BOOST_TEST(pipe.count("relays") == 0);
    stream.answer();
    receiveRandom(stream, kSeed, kMuch);
    sending.get();
}

BOOST_DATA_TEST_CASE(TargetMaySpeakFirst, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    BOOST_TEST(stream.isQuiet());
    stream.answer();
    stream.send("220 welcome");
    BOOST_TEST(visitor.readExactly(11) == "220 welcome");
    pipe.waitFor("bytesfromport1", 11);
}

BOOST_DATA_TEST_CASE(EveryStatusOfSuccessAccepts, kModes* bdata::make({200, 201, 299}), mode, status) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    stream.answer(status, {{"x-unknown", "is no matter"}});
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_DATA_TEST_CASE(BytesAreCountedEachWay, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.visitor.send("BEAT\n");
    BOOST_TEST(talk.stream.readExactly(5) == "BEAT\n");
    talk.stream.send("BEATBEA");
    BOOST_TEST(talk.visitor.readExactly(7) == "BEATBEA");
    pipe.waitFor("bytesfromport1", 7);
    pipe.waitFor("bytesfromport2", 5);
}

BOOST_DATA_TEST_CASE(EveryByteIsPayload, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    auto fromVisitor = startSendingTokens(talk.visitor, kSeed, kTokens);
    auto fromAgent = startSendingTokens(talk.stream, kSeed + 1, kTokens);
    auto toAgent = startReceivingTokens(talk.stream, kSeed, kTokens);
    auto toVisitor = startReceivingTokens(talk.visitor, kSeed + 1, kTokens);
    for (auto* work : {&fromVisitor, &fromAgent, &toAgent, &toVisitor})
        work->get();
    talk.visitor.close();
    BOOST_TEST(talk.stream.readToEnd() == "");
}

BOOST_DATA_TEST_CASE(RefusedStreamClosesTheVisitor, kModes* bdata::make(kRefusals), mode, status) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    for (int round = 0; round < 3; ++round) {
        auto refused = pipe.visitor();
        agent.nextRequest().refuse(status, "the target is down");
        BOOST_TEST(isClosedUnanswered(refused));
    }
    pipe.connector().waitForLog("the target is down");
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
    pipe.waitFor("relays", 1);
    pipe.waitFor("bytesfromport2", 10);
}

/// Only REFUSED_STREAM says that nobody has seen it.
BOOST_DATA_TEST_CASE(ResetStreamClosesTheVisitor,
                     kModes* bdata::make({NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR}), mode,
                     code) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto other = servingAgent(pipe);
    auto refused = pipe.visitor();
    refused.send("a request");
    waitUntil("one of the two is asked", [&] { return other.hasRequestNow() || agent.hasRequestNow(); });
    auto& asked = other.hasRequestNow() ? other : agent;
    asked.nextRequest().reset(code);
    BOOST_TEST(isClosedUnanswered(refused));
    BOOST_TEST(!agent.hasRequest());
    BOOST_TEST(!other.hasRequest());
}

BOOST_DATA_TEST_CASE(WhatComesWithARefusalReachesNobody, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto refused = pipe.visitor();
    refused.send("a request");
    auto stream = agent.nextRequest();
    stream.answer(502);
    try {
        stream.send("an error page for a browser");
        stream.finishSending();
    } catch (const ConnectionLost&) { // it need not be taken
    }
    BOOST_TEST(isClosedUnanswered(refused));
    agent.roundTrip();
}

BOOST_DATA_TEST_CASE(HalfCloseOfTheVisitorLeavesTheAnswerOpen, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.visitor.send("a request");
    talk.visitor.finishSending();
    BOOST_TEST(talk.stream.readToEnd() == "a request");
    BOOST_TEST(talk.stream.end() == PipeClient::End::Orderly);
    auto sending = startSending(talk.stream, kSeed, kMuch);
    receiveRandom(talk.visitor, kSeed, kMuch);
    sending.get();
    pipe.waitFor("relays", 1);
    talk.stream.finishSending();
    BOOST_TEST(talk.visitor.readToEnd() == "");
    BOOST_TEST(talk.visitor.end() == PipeClient::End::Orderly);
    pipe.waitFor("relays", 0);
    talk.agent.awaitOpenStreams(0);
}

BOOST_DATA_TEST_CASE(HalfCloseOfTheAgentLeavesTheRequestOpen, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.stream.send("goodbye");
    talk.stream.finishSending();
    BOOST_TEST(talk.visitor.readToEnd() == "goodbye");
    BOOST_TEST(talk.visitor.end() == PipeClient::End::Orderly);
    auto sending = startSending(talk.visitor, kSeed, kMuch);
    receiveRandom(talk.stream, kSeed, kMuch);
    sending.get();
    talk.visitor.close();
    BOOST_TEST(talk.stream.readToEnd() == "");
    BOOST_TEST(talk.stream.end() == PipeClient::End::Orderly);
    pipe.waitFor("relays", 0);
    talk.agent.awaitOpenStreams(0);
}

/// As `nc -N` does it: everything is said before an agent is there.
BOOST_DATA_TEST_CASE(HalfCloseMayComeBeforeTheAgent, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}}});
    auto visitor = pipe.visitor();
    visitor.send("GET / HTTP/1.0\r\n\r\n");
    visitor.finishSending();
    pipe.waitFor("visitorswaiting", 1);
    auto agent = servingAgent(pipe);
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(stream.readToEnd() == "GET / HTTP/1.0\r\n\r\n");
    stream.send("HTTP/1.0 200 OK\r\n\r\n");
    stream.finishSending();
    BOOST_TEST(visitor.readToEnd() == "HTTP/1.0 200 OK\r\n\r\n");
}

/// What was sent before the half-close is more than the other end takes at once.
BOOST_DATA_TEST_CASE(HalfCloseIsPassedOnBehindAllPayload, kModes, mode) {
    constexpr std::uint64_t kLarge = 8U << 20U;
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe, {.bufferSize = kSmallBuffer});
    for (auto [from, to] : {std::pair<ByteChannel*, ByteChannel*>{&talk.visitor, &talk.stream},
                            std::pair<ByteChannel*, ByteChannel*>{&talk.stream, &talk.visitor}}) {
        auto sending = std::async(std::launch::async, [&from = *from] {
            sendRandom(from, kSeed, kLarge);
            from.finishSending();
        });
        pipe.waitUntilRelaysStall();
        receiveRandom(*to, kSeed, kLarge);
        BOOST_TEST(to->readToEnd() == "");
        BOOST_TEST(to->end() == PipeClient::End::Orderly);
        sending.get();
    }
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(AgentThatResetsResetsTheVisitor, kModes* bdata::make(kResets), mode, code) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.stream.send("half an ans");
    BOOST_TEST(talk.visitor.readExactly(11) == "half an ans");
    talk.stream.reset(code);
    BOOST_TEST(talk.visitor.readToEnd() == "");
    BOOST_TEST(talk.visitor.end() == PipeClient::End::Reset, "half an answer must not look complete");
    pipe.waitFor("relays", 0);
    talk.agent.roundTrip();
}

/// RFC 9113, section 8.1: it has said all, and wants to hear no more.
BOOST_DATA_TEST_CASE(AgentMayEndAndTakeNothingMore, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.visitor.send("a long requ");
    BOOST_TEST(talk.stream.readExactly(11) == "a long requ");
    talk.stream.send("too long");
    talk.stream.finishSending();
    talk.stream.reset(NGHTTP2_NO_ERROR);
    BOOST_TEST(talk.visitor.readToEnd() == "too long");
    BOOST_TEST(talk.visitor.end() == PipeClient::End::Orderly);
    talk.visitor.close();
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(AgentThatDiesResetsItsVisitors, kModes* bdata::make({true, false}), mode, isAbort) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    talk.stream.send("half an ans");
    BOOST_TEST(talk.visitor.readExactly(11) == "half an ans");
    if (isAbort)
        talk.agent.abort();
    else
        talk.agent.close();
    BOOST_TEST(talk.visitor.readToEnd() == "");
    BOOST_TEST(talk.visitor.end() == PipeClient::End::Reset);
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(VisitorThatBreaksCancelsItsStream, kModes* bdata::make({true, false}), mode,
                     hasSaidAll) {
    const OpenPublicPipe pipe(mode);
    Conversation talk(pipe);
    if (hasSaidAll) {
        talk.visitor.finishSending();
        BOOST_TEST(talk.stream.readToEnd() == "");
    }
    talk.visitor.abort();
    BOOST_TEST(talk.stream.awaitReset() == static_cast<std::uint32_t>(NGHTTP2_CANCEL));
    pipe.waitFor("relays", 0);
    talk.agent.awaitOpenStreams(0);
}

/// When the agent answers, it is told at the latest.
BOOST_DATA_TEST_CASE(VisitorThatBreaksBeforeTheAnswerCancelsItsStream, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}}});
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    visitor.abort();
    stream.answer();
    BOOST_TEST(stream.awaitReset() == static_cast<std::uint32_t>(NGHTTP2_CANCEL));
    auto next = pipe.visitor();
    auto nextStream = agent.nextRequest();
    nextStream.answer();
    BOOST_TEST(areJoined(next, nextStream));
}

/// The answer and the visitor's end cross.
BOOST_DATA_TEST_CASE(AnswersToVisitorsThatLeaveAreNoMatter, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    for (int round = 0; round < 100; ++round) {
        auto visitor = pipe.visitor();
        visitor.send("x");
        auto stream = agent.nextRequest();
        visitor.abort();
        stream.answer();
    }
    agent.awaitOpenStreams(0);
    pipe.waitFor("relays", 0);
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_DATA_TEST_CASE(BothProtocolsServeOneMapping, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent1 = pipe.waitingAgent();
    auto first = pipe.visitor();
    BOOST_TEST(areJoined(first, agent1));
    auto agent2 = servingAgent(pipe);
    auto second = pipe.visitor();
    second.send("to PIPE/2");
    auto stream = agent2.nextRequest();
    stream.answer();
    BOOST_TEST(stream.readExactly(9) == "to PIPE/2");
    BOOST_TEST(areJoined(first, agent1));
    BOOST_TEST(areJoined(second, stream));
    sendAlone(agent1, "BEAT"); // what the visitor said was sign of life enough
    BOOST_TEST(answersBeat(agent1));
    BOOST_TEST(first.isQuiet());
}

BOOST_DATA_TEST_CASE(RemoveClosesEverything, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}}});
    Conversation talk(pipe);
    auto unanswered = pipe.visitor();
    talk.agent.nextRequest();
    auto idle = servingAgent(pipe);
    pipe.api().remove(pipe.mapping().id);
    BOOST_TEST(talk.visitor.readToEnd() == "");
    BOOST_TEST(talk.visitor.end() != PipeClient::End::Orderly, "half an answer must not look complete");
    BOOST_TEST(unanswered.readToEnd() == "");
    talk.agent.awaitEnd();
    idle.awaitEnd();
    BOOST_TEST(refusesConnections(pipe.mapping().port1));
    BOOST_TEST(refusesConnections(pipe.mapping().port2));
}

BOOST_DATA_TEST_CASE(ConversationsLeaveNothingBehind, kModes, mode) {
    OpenPublicPipe pipe(mode, {.maxConnections = 2});
    auto agent = servingAgent(pipe);
    const auto descriptors = pipe.connector().process().descriptorCount();
    for (int round = 0; round < 30; ++round) {
        auto visitor = pipe.visitor();
        {
            auto mortal = servingAgent(pipe);
            visitor.send("a request");
            waitUntil("one of the two is asked",
                      [&] { return mortal.hasRequestNow() || agent.hasRequestNow(); });
            mortal.abort();
        }
        auto stream = agent.nextRequest();
        stream.answer();
        BOOST_TEST_REQUIRE(stream.readExactly(9) == "a request");
        BOOST_TEST_REQUIRE(areJoined(visitor, stream));
        stream.finishSending();
    }
    pipe.waitFor("relays", 0);
    agent.awaitOpenStreams(0);
    waitUntil("the descriptors are given back",
              [&] { return pipe.connector().process().descriptorCount() <= descriptors + 2; });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
