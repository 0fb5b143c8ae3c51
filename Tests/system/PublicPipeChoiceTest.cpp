#include "OpenPipe.h"
#include "RandomStream.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
/// How long these tests let an agent be quiet that has sent what nobody had asked for.
constexpr int kQuiet = 300;
/// The same where a test must do something before it has passed.
constexpr int kLongQuiet = 3000;
constexpr std::uint64_t kSeed = 9;

/// A visitor that sends something, and leaves when the agent has got it and has not answered.
void visitInVain(const OpenPublicPipe& pipe, PipeClient& agent) {
    auto visitor = pipe.visitor();
    visitor.send("GET");
    BOOST_REQUIRE(agent.readExactly(3) == "GET");
    visitor.close();
    BOOST_REQUIRE(agent.readToEnd().empty());
    agent.close();
    pipe.waitFor("relays", 0);
}

} // namespace

/// Which agent a visitor is given to.
BOOST_AUTO_TEST_SUITE(PublicPipeChoice)

/// None is chosen again before the others were, and a heartbeat changes nothing of that.
BOOST_DATA_TEST_CASE(TheOneThatHasWaitedTheLongestIsFirst, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto first = pipe.waitingAgent();
    auto second = pipe.waitingAgent();
    BOOST_TEST(answersBeat(first));
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, first));
    first.close();
    visitor.close();
    pipe.waitFor("relays", 0);
    auto firstAgain = pipe.waitingAgent();
    auto next = pipe.visitor();
    BOOST_TEST(areJoined(next, second));
    auto third = pipe.visitor();
    BOOST_TEST(areJoined(third, firstAgain));
}

/// Such an agent connects anew, is authorized and beats, and gives no answer ever again.
BOOST_DATA_TEST_CASE(HalfDeadAgentCostsOneVisitor, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto halfDead = pipe.waitingAgent();
    auto healthy = pipe.waitingAgent();
    visitInVain(pipe, halfDead);
    waitUntil("the log says so",
              [&] { return pipe.connector().log().find("gave a visitor no answer") != std::string::npos; });
    auto halfDeadAgain = pipe.waitingAgent();
    for (int number = 0; number < 3; ++number) {
        auto visitor = pipe.visitor();
        BOOST_REQUIRE(areJoined(visitor, healthy));
        visitor.close();
        BOOST_REQUIRE(healthy.readToEnd().empty());
        healthy.close();
        pipe.waitFor("relays", 0);
        healthy = pipe.waitingAgent(); // has waited for less long than the half-dead one
    }
    // When there is no other it is still chosen.
    auto last = pipe.visitor();
    BOOST_TEST(areJoined(last, healthy));
    auto tooMany = pipe.visitor();
    BOOST_TEST(areJoined(tooMany, halfDeadAgain));
}

/// A node that lost its power leaves connections that look fine.
BOOST_AUTO_TEST_CASE(DeadNodeCostsOneVisitor) {
    const OpenPublicPipe pipe(Mode::Plain);
    std::vector<PipeClient> dead;
    for (int number = 0; number < 3; ++number)
        dead.push_back(pipe.waitingAgent({.from = "127.0.0.2"}));
    std::vector<PipeClient> healthy;
    for (int number = 0; number < 3; ++number)
        healthy.push_back(pipe.waitingAgent({.from = "127.0.0.3"}));
    visitInVain(pipe, dead.front());
    std::vector<PipeClient> visitors;
    for (auto& agent : healthy) {
        visitors.push_back(pipe.visitor());
        BOOST_TEST(areJoined(visitors.back(), agent));
    }
    // When there is no other it is tried again, and with an answer all is well.
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, dead[1]));
    visitor.close();
    dead[1].readToEnd();
    dead[1].close();
    pipe.waitFor("relays", 3);
    auto newest = pipe.waitingAgent({.from = "127.0.0.3"});
    auto next = pipe.visitor();
    BOOST_TEST(areJoined(next, dead[2]));
}

/// It is remembered of the node that the agent was on, not of others.
BOOST_AUTO_TEST_CASE(AgentsOfOtherNodesDoNotPayForAHalfDeadOne) {
    const OpenPublicPipe pipe(Mode::Plain);
    auto halfDead = pipe.waitingAgent({.from = "127.0.0.2"});
    visitInVain(pipe, halfDead);
    auto other = pipe.waitingAgent({.from = "127.0.0.3"});
    auto halfDeadAgain = pipe.waitingAgent({.from = "127.0.0.2"});
    auto newest = pipe.waitingAgent({.from = "127.0.0.3"});
    std::vector<PipeClient> visitors;
    for (auto* agent : {&other, &newest, &halfDeadAgain}) {
        visitors.push_back(pipe.visitor());
        BOOST_TEST(areJoined(visitors.back(), *agent));
    }
}

/// One that has missed its beat may be dead, though its threshold has not passed yet.
BOOST_DATA_TEST_CASE(AgentThatIsSilentForAThirdOfItsThresholdComesLast, kModes, mode) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kThreshold{6000};
    const OpenPublicPipe pipe(mode, {.heartbeatAbsenceThreshold = static_cast<int>(kThreshold.count())});
    const auto silent = pipe.waitingAgent();
    auto beating = pipe.waitingAgent();
    const auto begin = Clock::now();
    waitUntil("a third of the threshold has passed", [&] {
        BOOST_REQUIRE(answersBeat(beating));
        return Clock::now() - begin > kThreshold / 3;
    });
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, beating));
}

/// What a waiting agent sends belonged to an earlier visitor, and more of it may come.
BOOST_DATA_TEST_CASE(AgentThatSendsUnaskedIsGivenNoVisitor, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"stale-quiet", kQuiet}}});
    auto stale = pipe.waitingAgent();
    auto clean = pipe.waitingAgent();
    sendAlone(stale, "the rest of an earlier answer");
    pipe.waitFor("agentswaiting", 1);
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, clean));
    BOOST_TEST(stale.readToEnd().empty(), "closed once it is quiet");
    pipe.waitFor("agentswaiting", 0);
}

/// It is not closed before: it would connect anew and go on.
BOOST_DATA_TEST_CASE(RestOfAnEarlierAnswerIsDroppedHoweverLongItIs, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"stale-quiet", kLongQuiet}, {"stale-longest", kNever}}});
    auto stale = pipe.waitingAgent();
    sendRandom(stale, kSeed, 16U << 20U);
    BOOST_TEST(stale.readToEnd().empty());
    pipe.connector().waitForLog("bytes that no visitor had asked for");
    BOOST_TEST(pipe.count("bytesfromport1") == 0);
}

BOOST_AUTO_TEST_CASE(AgentThatGoesOnSendingUnaskedIsClosed) {
    const OpenPublicPipe pipe(Mode::Plain, {.limits = {{"stale-quiet", kNever}, {"stale-longest", kQuiet}}});
    auto stale = pipe.waitingAgent();
    BOOST_CHECK_THROW(waitUntil("it is closed", [&] { return stale.send("x"), false; }), ConnectionLost);
}

/// A visitor waits already, when an agent connects anew that goes on with an earlier answer.
BOOST_DATA_TEST_CASE(AgentOfSuchANodeMustBeQuietFirst, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"stale-quiet", kLongQuiet}}});
    auto stale = pipe.waitingAgent();
    sendAlone(stale, "the rest");
    BOOST_TEST(stale.readToEnd().empty());
    auto visitor = pipe.visitor();
    visitor.send("GET");
    auto staleAgain = pipe.agent1();
    staleAgain.send(" of an earlier answer");
    BOOST_TEST(staleAgain.readToEnd().empty());
    auto clean = pipe.agent1();
    BOOST_TEST(clean.readExactly(3) == "GET");
    clean.send("the answer");
    BOOST_TEST(visitor.readExactly(10) == "the answer");
}

/// The agent's bytes reach Connector behind the visitor's, but were sent before the agent could know of it.
BOOST_DATA_TEST_CASE(WhatComesTogetherWithTheVisitorIsUnasked, kModes, mode) {
    OpenPublicPipe pipe(mode, {.limits = {{"stale-quiet", kQuiet}}});
    auto stale = pipe.waitingAgent();
    auto clean = pipe.waitingAgent();
    auto visitor = pipe.visitor();
    pipe.waitFor("visitorswaiting", 1);
    auto& process = pipe.connector().process();
    process.freeze();
    visitor.send("GET");
    stale.send("the rest of an earlier answer");
    process.signal(SIGCONT);
    BOOST_TEST(clean.readExactly(3) == "GET");
    clean.send("the answer");
    BOOST_TEST(visitor.readExactly(10) == "the answer");
}

/// A record has begun to come when the visitor does.
BOOST_AUTO_TEST_CASE(RecordThatHasBegunBeforeTheVisitorCameIsUnasked) {
    const OpenPublicPipe pipe(Mode::Tls, {.limits = {{"stale-quiet", kLongQuiet}}});
    auto stale = pipe.waitingAgent();
    auto clean = pipe.waitingAgent();
    const auto rest = stale.sendFirstHalf("the rest of an earlier answer");
    auto visitor = pipe.visitor();
    visitor.send("GET");
    BOOST_TEST(clean.readExactly(3) == "GET");
    stale.sendRaw(rest);
    clean.send("the answer");
    BOOST_TEST(visitor.readExactly(10) == "the answer");
    BOOST_TEST(stale.readToEnd().empty());
}

/// Connector learns of both at once.
BOOST_DATA_TEST_CASE(AgentThatClosesAsTheVisitorComesIsNotChosen, kModes, mode) {
    OpenPublicPipe pipe(mode);
    auto leaving = pipe.waitingAgent();
    auto staying = pipe.waitingAgent();
    auto visitor = pipe.visitor();
    pipe.waitFor("visitorswaiting", 1);
    auto& process = pipe.connector().process();
    process.freeze();
    visitor.send("GET");
    leaving.close();
    process.signal(SIGCONT);
    BOOST_TEST(staying.readExactly(3) == "GET");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
