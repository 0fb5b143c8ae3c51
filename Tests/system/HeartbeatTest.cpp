#include "OpenPipe.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <future>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// Short for a test to wait for, long for a busy machine to connect two clients in.
constexpr int kShortThreshold = 1500;

const auto kEveryDoor = bdata::make(kModes) * bdata::make(kDoors);

/// Messages of which BEAT is a part, and which are payload all the same.
const std::vector<std::string> kAlmostBeats{
    "BEATx", "xBEAT", "BE",        "AT",         "BEA",
    "BEAT ", "beat",  "BEATBEATB", "BEAT\nBEAT", std::string("BEAT\0", 5)};

std::string joined(const std::vector<std::string>& messages) {
    std::string all;
    for (const auto& message : messages)
        all += message;
    return all;
}

/// Does something again and again until a silent agent of the same mapping, connected now, has been closed.
template <typename Action>
void repeatUntilThresholdHasPassed(const DoorPipe& pipe, Action action) {
    auto silent = pipe.agent();
    waitUntil("a silent agent is closed", [&] {
        action();
        return !silent.isQuiet();
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(Heartbeat)

BOOST_DATA_TEST_CASE(BeatOfAWaitingAgentIsAnswered, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door);
    auto agent = pipe.agent();
    for (int round = 0; round < 3; ++round)
        BOOST_TEST(answersBeat(agent));
    BOOST_TEST(agent.isQuiet());
}

BOOST_DATA_TEST_CASE(RepeatedBeatIsOneHeartbeat, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door);
    auto agent = pipe.agent();
    BOOST_TEST(answersBeat(agent, "BEATBEAT"));
    BOOST_TEST(answersBeat(agent, "BEATBEATBEAT"));
    BOOST_TEST(answersBeat(agent, "BEAT"));
    BOOST_TEST(agent.isQuiet());
}

BOOST_DATA_TEST_CASE(BeatsBeforeTheVisitorReachNobody, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.waitingAgent();
    BOOST_TEST(answersBeat(agent));
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_DATA_TEST_CASE(BeatsBeforeThePartnerReachNobody, kModes, mode) {
    const OpenPrivatePipe pipe(mode);
    auto agent1 = pipe.agent1();
    BOOST_TEST(answersBeat(agent1));
    auto agent2 = pipe.agent2();
    BOOST_TEST(answersBeat(agent2));
    BOOST_TEST(areJoined(agent1, agent2));
}

BOOST_DATA_TEST_CASE(BeatsInARelayReachNobody, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    sendAlone(agent, "BEAT");
    sendAlone(agent, "BEATBEAT");
    sendAlone(agent, "the answer");
    sendAlone(agent, "BEAT");
    agent.close();
    BOOST_TEST(visitor.readToEnd() == "the answer");
}

BOOST_DATA_TEST_CASE(BeatsInAPrivateRelayReachNobody, kModes, mode) {
    const OpenPrivatePipe pipe(mode);
    auto [agent1, agent2] = pipe.relay();
    sendAlone(agent1, "BEAT");
    sendAlone(agent1, "BEATBEAT");
    agent1.send("the answer");
    BOOST_TEST(agent2.readThrough("answer") == "the answer");
    sendAlone(agent2, "BEAT");
    sendAlone(agent2, "thanks");
    agent2.close();
    // No payload had gone to agent1 before its two beats, so they were answered; to agent2 it had.
    BOOST_TEST(agent1.readToEnd() == "BEATBEATthanks");
}

BOOST_DATA_TEST_CASE(AnswerIsLeftOutAfterPayload, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    sendAlone(agent, "BEAT"); // payload has gone to the agent since it was authorized
    BOOST_TEST(answersBeat(agent));
    visitor.send("more");
    BOOST_TEST(agent.readExactly(4) == "more");
    sendAlone(agent, "BEAT");
    visitor.send("the last");
    visitor.close();
    BOOST_TEST(agent.readToEnd() == "the last");
}

/// A relay that lasts moves to another loop at some point, and remembers there that payload has gone to the
/// agent.
BOOST_AUTO_TEST_CASE(AnswerIsLeftOutAfterPayloadWhereverTheRelayRuns) {
    const OpenPublicPipe pipe(Mode::Plain);
    const auto resting = pipe.relay(); // with two relays on one loop, the one that is at work moves
    for (int messages = 1; messages <= 24; ++messages) {
        auto [visitor, agent] = pipe.relay();
        for (int number = 0; number < messages; ++number) {
            visitor.send("more");
            BOOST_TEST_REQUIRE(agent.readExactly(4) == "more");
        }
        sendAlone(agent, "BEAT");
        visitor.send("the last");
        visitor.close();
        BOOST_TEST(agent.readToEnd() == "the last", "after " << messages << " messages");
    }
}

BOOST_DATA_TEST_CASE(PayloadWithBeatInItPasses, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    for (const auto& message : kAlmostBeats)
        sendAlone(agent, message);
    agent.close();
    BOOST_TEST(visitor.readToEnd() == joined(kAlmostBeats));
}

BOOST_DATA_TEST_CASE(PayloadWithBeatInItPassesAPrivatePipe, kModes, mode) {
    const OpenPrivatePipe pipe(mode);
    auto [agent1, agent2] = pipe.relay();
    for (const auto& message : kAlmostBeats)
        sendAlone(agent2, message);
    agent2.close();
    BOOST_TEST(agent1.readToEnd() == joined(kAlmostBeats));
}

/// Visitors know nothing of heartbeats: what looks like one is payload.
BOOST_DATA_TEST_CASE(BeatOfAVisitorIsPayload, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.waitingAgent();
    auto visitor = pipe.visitor();
    sendAlone(visitor, "BEAT");
    sendAlone(visitor, "BEATBEAT");
    visitor.close();
    BOOST_TEST(agent.readToEnd() == "BEATBEATBEAT");
}

BOOST_DATA_TEST_CASE(SilentAgentIsClosed, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = 300});
    auto agent = pipe.agent();
    BOOST_TEST(isClosedUnanswered(agent));
    pipe.waitForAgents(0);
}

BOOST_DATA_TEST_CASE(SilentAgentEndsItsRelay, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = kShortThreshold});
    auto [visitor, agent] = pipe.relay();
    BOOST_TEST(agent.readToEnd() == "");
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(visitor.end() != PipeClient::End::Orderly, "a broken answer must not look complete");
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(SilentAgentEndsItsPrivateRelay, kModes, mode) {
    const OpenPrivatePipe pipe(mode, {.heartbeatAbsenceThreshold = kShortThreshold});
    auto [agent1, agent2] = pipe.relay();
    BOOST_TEST(agent1.readToEnd() == "");
    BOOST_TEST(agent2.readToEnd() == "");
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(BytesOfTheVisitorAreNoSignOfTheAgentsLife, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = kShortThreshold});
    auto [visitor, agent] = pipe.relay();
    waitUntil("the relay ends", [&visitor = visitor] {
        try {
            visitor.send("x");
            return false;
        } catch (const ConnectionLost&) {
            return true;
        }
    });
}

BOOST_DATA_TEST_CASE(ThresholdZeroTurnsTheCheckOff, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = 0});
    auto agent = pipe.agent();
    const auto strict = pipe.api().addPublic(1, 300);
    auto control = pipe.connector().agent(strict.port1, strict.passcode1);
    BOOST_TEST(isClosedUnanswered(control));
    BOOST_TEST(agent.isQuiet());
    BOOST_TEST(answersBeat(agent));
}

BOOST_DATA_TEST_CASE(BeatsKeepAWaitingAgentAlive, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = kShortThreshold});
    auto agent = pipe.agent();
    repeatUntilThresholdHasPassed(pipe, [&agent] { BOOST_REQUIRE(answersBeat(agent)); });
    BOOST_TEST(answersBeat(agent));
}

BOOST_DATA_TEST_CASE(PayloadKeepsAnAgentAlive, kModes, mode) {
    const DoorPipe pipe(mode, Door::PublicPort1, {.heartbeatAbsenceThreshold = kShortThreshold});
    auto agent = pipe.agent();
    auto visitor = pipe.connector().connect(pipe.mapping().port2);
    BOOST_REQUIRE(areJoined(visitor, agent));
    repeatUntilThresholdHasPassed(pipe, [&agent, &visitor] {
        agent.send("payload");
        BOOST_REQUIRE(visitor.readExactly(7) == "payload");
    });
    BOOST_TEST(areJoined(visitor, agent));
}

/// While the visitor takes nothing, the agent isn't read, so its silence is Connector's own doing.
BOOST_DATA_TEST_CASE(AgentThatIsNotReadIsNotAbsent, kModes, mode) {
    const DoorPipe pipe(mode, Door::PublicPort1, {.heartbeatAbsenceThreshold = kShortThreshold});
    auto agent = pipe.agent();
    auto visitor = pipe.connector().connect(pipe.mapping().port2, {.bufferSize = 65536});
    BOOST_REQUIRE(areJoined(visitor, agent));
    const std::string payload(kMoreThanBuffersHold, 'x');
    const auto sent = agent.sendSome(payload);
    BOOST_REQUIRE(sent < payload.size());
    repeatUntilThresholdHasPassed(pipe, [] {});
    auto sending = std::async(std::launch::async, [&agent] { agent.flush(); });
    BOOST_TEST(visitor.readExactly(sent).size() == sent);
    sending.get();
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
