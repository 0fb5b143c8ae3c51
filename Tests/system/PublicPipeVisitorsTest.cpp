#include "OpenPipe.h"
#include "TestAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>

namespace connector::test {

namespace {

constexpr int kSoon = 300;
constexpr int kNever = 600000;

std::optional<PipeClient> visitorUnlessTurnedAway(const OpenPublicPipe& pipe) {
    try {
        return pipe.visitor();
    } catch (const ConnectionLost&) {
        return std::nullopt;
    }
}

} // namespace

/// Visitors that have not said anything yet.
BOOST_AUTO_TEST_SUITE(PublicPipeVisitors)

/// An agent of PIPE/1 could not know of it.
BOOST_DATA_TEST_CASE(SilentVisitorTakesNoAgent, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.waitingAgent();
    auto silent = pipe.visitor();
    pipe.waitFor("visitorswaiting", 1);
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, agent));
    pipe.waitFor("visitorswaiting", 1);
    auto second = pipe.waitingAgent();
    BOOST_TEST(areJoined(silent, second));
}

/// Its own silence is not what visitor-wait is about.
BOOST_DATA_TEST_CASE(SilentVisitorMayStayWhileAnAgentWaits, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"visitor-wait", kSoon}}});
    auto agent = pipe.waitingAgent();
    auto silent = pipe.visitor();
    const auto unserved = pipe.api().addPublic();
    for (int round = 0; round < 2; ++round) {
        auto other = pipe.connector().connect(unserved.port2);
        BOOST_TEST(isClosedUnanswered(other)); // so visitor-wait is over for the other, too
    }
    BOOST_TEST(areJoined(silent, agent));
}

BOOST_DATA_TEST_CASE(VisitorThatIsSilentForTooLongIsClosed, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"visitor-silence", kSoon}}});
    auto agent = pipe.waitingAgent();
    auto silent = pipe.visitor();
    BOOST_TEST(isClosedUnanswered(silent));
    BOOST_TEST(pipe.count("agentswaiting") == 1);
    const auto refused = pipe.api().show(pipe.mapping().id)->getObject("visitorsrefused");
    BOOST_TEST(refused->getValue<int>("silent") == 1);
    BOOST_TEST(refused->getValue<int>("noagent") == 0);
}

/// Such as `nc -N` with nothing to send, at a server that speaks first.
BOOST_DATA_TEST_CASE(VisitorThatHalfClosesWithoutAWordIsGivenToAnAgentOfPipe2, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor();
    visitor.finishSending();
    auto stream = agent.nextRequest();
    stream.answer();
    stream.send("welcome");
    stream.finishSending();
    BOOST_TEST(visitor.readToEnd() == "welcome");
}

BOOST_DATA_TEST_CASE(SilentVisitorIsClosedWhenNoAgentWaitsAnyMore, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"visitor-wait", kSoon}}});
    auto agent = pipe.waitingAgent();
    auto silent = pipe.visitor();
    pipe.waitFor("visitorswaiting", 1);
    agent.close();
    BOOST_TEST(isClosedUnanswered(silent));
}

/// Those who let agents wait make room for those who may not.
BOOST_DATA_TEST_CASE(LongestSilentVisitorGoesWhenTooManyWait, kModes, mode) {
    const OpenPublicPipe pipe(
        mode, {.limits = {{"waiting-visitors", 2}, {"visitor-wait", kNever}, {"first-bytes", 1}}});
    auto agent = pipe.waitingAgent();
    auto first = pipe.visitor();
    pipe.waitFor("visitorswaiting", 1);
    auto second = pipe.visitor();
    pipe.waitFor("visitorswaiting", 2);
    std::optional<PipeClient> third;
    waitUntil("the first one makes room", [&] {
        third = visitorUnlessTurnedAway(pipe); // as long as the first does not count as silent
        waitUntil("one is closed", [&] { return !first.isQuiet() || !third || !third->isQuiet(); });
        return !first.isQuiet();
    });
    BOOST_TEST(isClosedUnanswered(first));
    BOOST_TEST(areJoined(third.value(), agent));
    auto another = pipe.waitingAgent();
    BOOST_TEST(areJoined(second, another));
}

/// An agent of PIPE/2 is told of it, and so its target can speak first.
BOOST_DATA_TEST_CASE(SilentVisitorIsGivenToAnAgentOfPipe2, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent1 = pipe.waitingAgent();
    auto agent2 = servingAgent(pipe);
    auto silent = pipe.visitor();
    auto stream = agent2.nextRequest();
    stream.answer();
    stream.send("welcome");
    BOOST_TEST(silent.readExactly(7) == "welcome");
    BOOST_TEST(areJoined(silent, stream));
    agent2.close();
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, agent1));
}

/// Such as a port scanner or a load balancer's check.
BOOST_DATA_TEST_CASE(VisitorThatLeavesWithoutAWordTakesNoAgent, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.waitingAgent();
    for (int number = 0; number < 10; ++number)
        pipe.visitor().close();
    pipe.waitFor("visitorswaiting", 0);
    BOOST_TEST(pipe.count("agentswaiting") == 1);
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
