#include "TestAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
constexpr int kShort = 400;
/// Short for a test to wait for, long for a busy machine to connect two clients in.
constexpr int kShortThreshold = 1500;
constexpr std::chrono::milliseconds kBeatInterval{50};

const auto kEveryDoor = bdata::make(kModes) * bdata::make(kDoors);

/// What has no place on an idle connection, whatever the port.
const std::vector<std::string> kBadLines{"HELLO\n",
                                         "\n",
                                         "OPENED\n",
                                         "REFUSED whatever\n",
                                         "beat\n",
                                         "BEATBEAT\n",
                                         "BEAT \n",
                                         "BEAT\r\n",
                                         std::string("BEAT\0\n", 6),
                                         "OPEN\n",
                                         "OPEN \n",
                                         "OPEN  1\n",
                                         "OPEN 192.0.2.7:1 x\n",
                                         "OPEN 192.0.2.7:1 -1\n",
                                         "OPEN 192.0.2.7:1 1 2\n",
                                         "OPEN 192.0.2.7:1 65537\n",
                                         "OPEN 192.0.2.7:1 99999999999999999999999\n",
                                         "\x80\xff\n",
                                         std::string(256, 'x')};

/// The same in answer to OPEN.
const std::vector<std::string> kBadAnswers{
    "HELLO\n", "\n", "OPENED \n", "OPEN\n", "AUTHORIZED\n", "HTTP/1.0 200 OK\r\n", std::string(256, 'x')};

std::string greetingOf(const DoorPipe& pipe) {
    return "PIPE/2 " + pipe.passcode() + "\n";
}

PipeClient pipe2Agent(const DoorPipe& pipe) {
    auto agent = pipe.stranger();
    authorizePipe2(agent, pipe.passcode());
    return agent;
}

bool isBeatAnswered(PipeClient& agent) {
    agent.send("BEAT\n");
    return readLine(agent) == "BEAT";
}

void requireClosedFor(const OpenPipe& pipe, PipeClient& client, const std::string& reason) {
    BOOST_TEST(isClosedUnanswered(client));
    pipe.connector().waitForLog(reason);
}

} // namespace

BOOST_AUTO_TEST_SUITE(Pipe2Greeting)

BOOST_DATA_TEST_CASE(IsAnsweredWithTheThreshold, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = 54321});
    auto agent = pipe.stranger();
    BOOST_TEST(authorizePipe2(agent, pipe.passcode()) == "AUTHORIZED/2 heartbeat=54321");
    pipe.waitForAgents(1);
    BOOST_TEST(agent.isQuiet());
}

BOOST_DATA_TEST_CASE(MayComeInPiecesOfOneByte, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    auto agent = pipe.stranger();
    sendByteByByte(agent, greetingOf(pipe));
    BOOST_TEST(readLine(agent) == "AUTHORIZED/2 heartbeat=0");
    BOOST_TEST(isBeatAnswered(agent));
}

BOOST_DATA_TEST_CASE(WithAWrongPasscodeIsRefused, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door);
    auto wrong = pipe.passcode();
    wrong.back() = wrong.back() == 'x' ? 'y' : 'x';
    for (const auto& greeting :
         {"PIPE/2 " + wrong + "\n", "PIPE/2 " + pipe.passcode() + " \n", "PIPE/2 " + pipe.passcode() + "\r\n",
          "PIPE/2  " + pipe.passcode() + "\n", std::string("PIPE/2 \n"), "PIPE/3 " + pipe.passcode() + "\n",
          "PIPE/2 " + pipe.passcode() + "\nBEAT\n"}) {
        auto stranger = pipe.stranger();
        stranger.send(greeting);
        requireClosedFor(pipe, stranger, "wrong passcode");
    }
    pipe.waitForAgents(0);
}

BOOST_DATA_TEST_CASE(IsNotJudgedBeforeItsEnd, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    auto stranger = pipe.stranger();
    sendAlone(stranger, "PIPE/2 " + std::string(pipe.passcode().size(), 'x'));
    BOOST_TEST(stranger.isQuiet());
    sendAlone(stranger, "more than any passcode has");
    BOOST_TEST(stranger.isQuiet());
    stranger.send("\n");
    requireClosedFor(pipe, stranger, "wrong passcode");
}

BOOST_DATA_TEST_CASE(ThatIsTooLongIsRefused, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    auto stranger = pipe.stranger();
    stranger.send("PIPE/2 " + std::string(256, 'x'));
    requireClosedFor(pipe, stranger, "wrong passcode");
}

BOOST_DATA_TEST_CASE(ThatHasNoEndIsGivenUp, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kShort}}});
    auto stranger = pipe.stranger();
    stranger.send("PIPE/2 " + pipe.passcode());
    requireClosedFor(pipe, stranger, "the passcode was not complete");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Pipe2Idle)

BOOST_DATA_TEST_CASE(BeatIsAnsweredWithBeat, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door);
    auto agent = pipe2Agent(pipe);
    for (int round = 0; round < 3; ++round)
        BOOST_TEST(isBeatAnswered(agent));
    BOOST_TEST(agent.isQuiet());
}

BOOST_DATA_TEST_CASE(BeatMayComeInPiecesOrWithOthers, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    auto agent = pipe2Agent(pipe);
    sendByteByByte(agent, "BEAT\n");
    BOOST_TEST(readLine(agent) == "BEAT");
    agent.send("BEAT\nBEAT\nBE");
    BOOST_TEST(agent.readExactly(10) == "BEAT\nBEAT\n");
    agent.waitUntilRead();
    BOOST_TEST(agent.isQuiet());
    agent.send("AT\n");
    BOOST_TEST(readLine(agent) == "BEAT");
}

BOOST_DATA_TEST_CASE(AnythingElseClosesTheConnection, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.maxConnections = static_cast<int>(kBadLines.size())});
    for (const auto& line : kBadLines) {
        auto agent = pipe2Agent(pipe);
        agent.send(line);
        requireClosedFor(pipe, agent, "lost: it sent ");
    }
    pipe.waitForAgents(0);
}

BOOST_DATA_TEST_CASE(BadLineIsFoundInPiecesToo, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    auto agent = pipe2Agent(pipe);
    sendAlone(agent, "HEL");
    sendAlone(agent, "LO");
    BOOST_TEST(agent.isQuiet());
    agent.send("\n");
    requireClosedFor(pipe, agent, "it sent \"HELLO\", which has no place on an idle connection");
}

BOOST_DATA_TEST_CASE(LineWithoutEndIsGivenUp, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kShort}}});
    auto agent = pipe2Agent(pipe);
    agent.send("BEA");
    requireClosedFor(pipe, agent, "did not come to their end");
}

/// More of the same line is no reason to wait longer.
BOOST_DATA_TEST_CASE(LineThatTricklesIsGivenUp, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kShort}}});
    auto agent = pipe2Agent(pipe);
    agent.send("REFUSED ");
    const Deadline deadline;
    while (agent.isQuiet() && !deadline.passed()) {
        try {
            agent.send("x");
        } catch (const ConnectionLost&) {
            break;
        }
        std::this_thread::sleep_for(kBeatInterval);
    }
    pipe.connector().waitForLog("did not come to their end");
}

BOOST_DATA_TEST_CASE(OpenWhereOnlyVisitorsBeginClosesTheConnection, kModes, mode) {
    const DoorPipe pipe(mode, Door::PublicPort1);
    auto agent = pipe2Agent(pipe);
    agent.send("OPEN 192.0.2.7:1234 5\nhello");
    requireClosedFor(pipe, agent, "it sent OPEN where only visitors begin");
}

BOOST_DATA_TEST_CASE(SilentAgentIsDropped, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = kShortThreshold});
    auto agent = pipe2Agent(pipe);
    requireClosedFor(pipe, agent, "it was silent for");
    pipe.waitForAgents(0);
}

BOOST_DATA_TEST_CASE(BeatingAgentIsKept, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.heartbeatAbsenceThreshold = kShortThreshold});
    auto agent = pipe2Agent(pipe);
    auto silent = pipe2Agent(pipe);
    waitUntil("the silent one is closed", [&] {
        BOOST_REQUIRE(isBeatAnswered(agent));
        return !silent.isQuiet();
    });
    BOOST_TEST(isBeatAnswered(agent));
}

BOOST_DATA_TEST_CASE(PlacesAreGivenBack, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.maxConnections = 1});
    for (int round = 0; round < 3; ++round) {
        auto agent = pipe2Agent(pipe);
        agent.send("HELLO\n");
        agent.readToEnd();
    }
    auto agent = pipe2Agent(pipe);
    BOOST_TEST(isBeatAnswered(agent));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Pipe2Answer)

BOOST_DATA_TEST_CASE(MayComeInPiecesWithPayloadBehindIt, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    TestAgent agent(pipe, Side::Port1, AgentProtocol::Pipe2);
    auto visitor = pipe.visitor();
    agent.readOpen();
    sendByteByByte(agent.connection(), "OPENE");
    agent.connection().send("D\nwelcome");
    BOOST_TEST(visitor.readExactly(7) == "welcome");
    BOOST_TEST(areJoined(visitor, agent.connection()));
}

/// They were sent before the agent knew of OPEN.
BOOST_DATA_TEST_CASE(MayComeBehindBeats, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    TestAgent agent(pipe, Side::Port1, AgentProtocol::Pipe2);
    sendAlone(agent.connection(), "BEA");
    auto visitor = pipe.visitor();
    agent.readOpen();
    agent.connection().send("T\nBEAT\nBEAT\nOPENED\nBEAT\n");
    BOOST_TEST(visitor.readExactly(5) == "BEAT\n", "what is behind OPENED is payload");
    BOOST_TEST(areJoined(visitor, agent.connection()));
}

BOOST_DATA_TEST_CASE(ThatIsNoneClosesTheAgentAndSparesTheVisitor, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto visitor = pipe.visitor();
    visitor.send("a request");
    for (const auto& answer : kBadAnswers) {
        TestAgent bad(pipe, Side::Port1, AgentProtocol::Pipe2);
        BOOST_TEST(bad.readOpen().firstBytes == "a request");
        bad.connection().send(answer);
        BOOST_TEST(isClosedUnanswered(bad.connection()));
    }
    pipe.connector().waitForLog("lost: it sent ");
    TestAgent good(pipe, Side::Port1, AgentProtocol::Pipe2);
    BOOST_TEST(good.acceptOpen().firstBytes == "a request");
    BOOST_TEST(areJoined(visitor, good.connection()));
}

BOOST_DATA_TEST_CASE(ThatNeverComesIsGivenUp, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"open", kShort}}});
    auto visitor = pipe.visitor();
    visitor.send("a request");
    TestAgent silent(pipe, Side::Port1, AgentProtocol::Pipe2);
    silent.readOpen();
    silent.connection().send("OPENE");
    requireClosedFor(pipe, silent.connection(), "it did not answer OPEN within");
    TestAgent good(pipe, Side::Port1, AgentProtocol::Pipe1);
    BOOST_TEST(good.takeCall(9) == "a request");
    BOOST_TEST(areJoined(visitor, good.connection()));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
