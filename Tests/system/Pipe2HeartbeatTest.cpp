#include "TestAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
/// Short for a test to wait for, long for a busy machine to connect two clients in.
constexpr int kThreshold = 1500;

const auto kEveryDoor = bdata::make(kModes) * bdata::make(kDoors);
const Http2Options kSilent{.answersPings = false};

Http2Peer agentAt(const DoorPipe& pipe, const Http2Options& options = {}, PipeRole role = PipeRole::Serves) {
    return {pipe.stranger(), pipe.passcode(), role, options};
}

/// Does something again and again until the threshold has passed for another agent, which is silent.
template <typename Action>
void repeatUntilThresholdHasPassed(const OpenPipe& pipe, Action action) {
    const auto control = pipe.api().addPublic(1, kThreshold);
    auto silent = pipe.connector().agent(control.port1, control.passcode1);
    waitUntil("a silent agent is closed", [&] {
        action();
        return !silent.isQuiet();
    });
}

} // namespace

/// PING, in both directions.
BOOST_AUTO_TEST_SUITE(Pipe2ProtocolHeartbeat)

BOOST_DATA_TEST_CASE(PingOfAnAgentIsAnswered, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door);
    auto agent = agentAt(pipe);
    for (int round = 0; round < 3; ++round)
        agent.roundTrip();
}

BOOST_DATA_TEST_CASE(PingOfAnAgentThatOpensIsAnswered, kModes* bdata::make(kSides), mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto agent = openingAgent(pipe, side);
    for (int round = 0; round < 3; ++round)
        agent.roundTrip();
}

BOOST_DATA_TEST_CASE(QuietAgentIsAsked, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = agentAt(pipe);
    agent.awaitPings(4);
}

BOOST_DATA_TEST_CASE(AgentThatAnswersStays, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = agentAt(pipe);
    for (int round = 0; round < 2; ++round)
        repeatUntilThresholdHasPassed(pipe, [] {});
    agent.roundTrip();
}

/// It has not even said that it speaks HTTP/2.
/// A process that was stopped: its kernel goes on.
/// Whatever comes is a sign of life, without answers to PING, too.
BOOST_DATA_TEST_CASE(PayloadKeepsAnAgentAlive, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = servingAgent(pipe, Side::Port1, kSilent);
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    stream.answer();
    for (int round = 0; round < 2; ++round)
        repeatUntilThresholdHasPassed(pipe, [&] {
            stream.send("payload");
            BOOST_REQUIRE(visitor.readExactly(7) == "payload");
        });
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_DATA_TEST_CASE(PingsOfAnAgentKeepItAlive, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = servingAgent(pipe, Side::Port1, kSilent);
    for (int number = 1; number < 9; ++number) { // two thresholds, and more
        agent.awaitPings(number);
        agent.roundTrip();
    }
}

/// While the visitor takes nothing, the stream stands still, and PING goes on.
BOOST_DATA_TEST_CASE(StuckStreamIsNoSilence, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor({.bufferSize = 65536});
    auto stream = agent.nextRequest();
    stream.answer();
    const std::string payload(kMoreThanBuffersHold, 'x');
    const auto sent = stream.sendSome(payload);
    BOOST_TEST(sent < payload.size());
    for (int round = 0; round < 2; ++round)
        repeatUntilThresholdHasPassed(pipe, [] {});
    BOOST_TEST(visitor.readExactly(sent).size() == sent);
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_DATA_TEST_CASE(ThresholdZeroTurnsTheCheckOff, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = 0});
    auto agent = agentAt(pipe, kSilent);
    repeatUntilThresholdHasPassed(pipe, [] {});
    agent.roundTrip();
    BOOST_TEST(agent.pings() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

/// What becomes of agents that are not heard any more.
BOOST_AUTO_TEST_SUITE(Pipe2ProtocolSilence)

BOOST_DATA_TEST_CASE(AgentThatDoesNotAnswerIsDropped, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = agentAt(pipe, kSilent);
    agent.awaitEnd();
    BOOST_TEST(agent.pings() >= 1);
    pipe.connector().waitForLog("silent");
    pipe.waitForAgents(0);
}

BOOST_DATA_TEST_CASE(OpenerThatDoesNotAnswerIsDropped, kModes* bdata::make(kSides), mode, side) {
    const OpenPrivatePipe pipe(mode, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = openingAgent(pipe, side, kSilent);
    agent.awaitEnd();
    pipe.connector().waitForLog("silent");
}

BOOST_DATA_TEST_CASE(AgentThatSaysNothingIsDropped, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = pipe.stranger();
    authorizePipe2(agent, pipe.passcode());
    agent.skipToEnd();
    pipe.connector().waitForLog("silent");
}

BOOST_DATA_TEST_CASE(StoppedAgentIsDropped, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
    agent.pause();
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(visitor.end() == PipeClient::End::Reset);
    agent.resume();
    agent.awaitEnd();
}

BOOST_DATA_TEST_CASE(DroppedAgentResetsItsVisitors, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = servingAgent(pipe, Side::Port1, kSilent);
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    stream.answer();
    stream.send("half an ans");
    BOOST_TEST(visitor.readExactly(11) == "half an ans");
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(visitor.end() == PipeClient::End::Reset);
    agent.awaitEnd();
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(VisitorOfADroppedAgentGetsAnother, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}, {"visitor-wait", kNever}},
                                     .heartbeatAbsenceThreshold = kThreshold});
    auto silent = servingAgent(pipe, Side::Port1, kSilent);
    auto visitor = pipe.visitor();
    visitor.send("a request");
    BOOST_TEST(silent.nextRequest().readExactly(9) == "a request");
    auto agent = servingAgent(pipe);
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(stream.readExactly(9) == "a request");
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_DATA_TEST_CASE(BytesOfTheVisitorAreNoSignOfTheAgentsLife, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = kThreshold});
    auto agent = servingAgent(pipe, Side::Port1, kSilent);
    auto visitor = pipe.visitor();
    agent.nextRequest().answer();
    waitUntil("the relay ends", [&visitor] {
        try {
            visitor.send("x");
            return false;
        } catch (const ConnectionLost&) {
            return true;
        }
    });
}

BOOST_DATA_TEST_CASE(DroppedAgentResetsTheOtherSide, kModes* bdata::make(kSides), mode, side) {
    const OpenPrivatePipe pipe(mode, {.heartbeatAbsenceThreshold = kThreshold});
    auto silent = servingAgent(pipe, side, kSilent);
    auto opener = openingAgent(pipe, opposite(side));
    auto stream = opener.open();
    silent.nextRequest().answer();
    BOOST_TEST(stream.status() == 200);
    BOOST_TEST(stream.readToEnd() == "");
    BOOST_TEST(stream.end() == PipeClient::End::Reset);
    opener.roundTrip();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
