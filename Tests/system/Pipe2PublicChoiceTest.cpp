#include "RandomStream.h"
#include "TestAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <list>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
/// Nothing that waits is given up by Connector's limits.
const std::map<std::string, int> kNoLimits{{"open", kNever}, {"visitor-wait", kNever}};
/// Long enough for a busy machine to do something within two thirds of it.
constexpr int kThreshold = 6000;

/// How an agent says, or shows, that it has not processed a request.
enum class Denial { Refuses, GoesAway, GoesAwayAndCloses, Closes, Breaks, TalksNonsense };
constexpr std::array kDenials{Denial::Refuses, Denial::GoesAway, Denial::GoesAwayAndCloses,
                              Denial::Closes,  Denial::Breaks,   Denial::TalksNonsense};
std::ostream& operator<<(std::ostream& out, Denial denial) {
    constexpr std::array names{"REFUSED_STREAM", "GOAWAY", "GOAWAY, and closes",
                               "closes",         "breaks", "talks nonsense"};
    return out << names.at(static_cast<std::size_t>(denial));
}

void deny(Http2Peer& agent, Http2Stream& stream, Denial denial) {
    if (denial == Denial::Refuses) stream.reset(NGHTTP2_REFUSED_STREAM);
    if (denial == Denial::GoesAway || denial == Denial::GoesAwayAndCloses) agent.goaway(stream.id() - 1);
    if (denial == Denial::GoesAwayAndCloses || denial == Denial::Closes) agent.close();
    if (denial == Denial::Breaks) agent.abort();
    if (denial == Denial::TalksNonsense) agent.sendRaw(std::string(100, 'x'));
}

/// Connections of agents, and whom they have been given.
class Agents {
  public:
    explicit Agents(const OpenPublicPipe& pipe, std::size_t count, const Http2Options& options = {})
        : _pipe(pipe) {
        for (std::size_t number = 0; number < count; ++number)
            _agents.push_back(servingAgent(pipe, Side::Port1, options));
    }

    Http2Peer& operator[](std::size_t number) { return _agents.at(number); }

    /// A visitor, and the agent that it is given to; both talk from now on.
    std::size_t visit() {
        auto visitor = _pipe.visitor();
        const auto number = awaitRequest();
        auto stream = _agents[number].nextRequest();
        stream.answer();
        BOOST_TEST_REQUIRE(areJoined(visitor, stream));
        _visits.push_back({std::move(visitor), stream, number});
        return number;
    }

    /// Ends a visit at this agent, in the middle of others.
    void hangUp(std::size_t agent) {
        const auto visit = std::find_if(_visits.begin(), _visits.end(),
                                        [agent](const Visit& each) { return each.agent == agent; });
        visit->visitor.close();
        visit->stream.finishSending();
        _visits.erase(visit);
    }

    /// The same while nobody waits; returns when Connector knows.
    void leave(std::size_t agent) {
        const auto streamsLeft = _agents[agent].openStreams() - 1;
        const auto relaysLeft = _pipe.count("relays") - 1;
        hangUp(agent);
        _agents[agent].awaitOpenStreams(streamsLeft);
        _agents[agent].roundTrip();
        _pipe.waitFor("relays", relaysLeft);
    }

    /// Which of them has a request.
    std::size_t awaitRequest() {
        std::size_t found = 0;
        waitUntil("an agent is asked", [&] {
            for (found = 0; found < _agents.size(); ++found)
                if (!_agents[found].isEnded() && _agents[found].hasRequestNow()) return true;
            return false;
        });
        return found;
    }

  private:
    struct Visit {
        PipeClient visitor;
        Http2Stream stream;
        std::size_t agent;
    };

    const OpenPublicPipe& _pipe;
    std::vector<Http2Peer> _agents;
    std::list<Visit> _visits;
};

} // namespace

/// Which connection a visitor is given to, and what happens when that does not take it.
BOOST_AUTO_TEST_SUITE(Pipe2PublicChoice)

BOOST_DATA_TEST_CASE(DeniedVisitorGetsAnotherConnection, kModes* bdata::make(kDenials), mode, denial) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits});
    Agents agents(pipe, 2);
    auto visitor = pipe.visitor();
    sendRandom(visitor, 1, 5000);
    const auto first = agents.awaitRequest();
    auto denied = agents[first].nextRequest();
    BOOST_TEST((denied.readExactly(5000) == randomBytes(5000, 1)));
    deny(agents[first], denied, denial);
    auto stream = agents[1 - first].nextRequest();
    BOOST_TEST(stream.visitor() == "127.0.0.1:" + std::to_string(visitor.localPort()));
    BOOST_TEST((stream.readExactly(5000) == randomBytes(5000, 1)));
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
    pipe.waitFor("bytesfromport2", 5000 + 10);
}

BOOST_DATA_TEST_CASE(VisitorOutlivesManyAgents, kModes* bdata::make(kDenials), mode, denial) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits});
    auto visitor = pipe.visitor();
    visitor.send("a request");
    pipe.waitFor("visitorswaiting", 1);
    for (int number = 0; number < 5; ++number) {
        auto mortal = servingAgent(pipe);
        auto denied = mortal.nextRequest();
        BOOST_TEST(denied.readExactly(9) == "a request");
        if (denial != Denial::Refuses) deny(mortal, denied, denial);
    }
    auto immortal = servingAgent(pipe);
    auto stream = immortal.nextRequest();
    stream.answer();
    BOOST_TEST(stream.readExactly(9) == "a request");
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_DATA_TEST_CASE(DeniedVisitorMayGetAnAgentOfPipe1, kModes* bdata::make(kDenials), mode, denial) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits});
    auto visitor = pipe.visitor();
    visitor.send("a request");
    auto mortal = servingAgent(pipe);
    auto denied = mortal.nextRequest();
    BOOST_TEST(denied.readExactly(9) == "a request");
    auto agent = pipe.agent1();
    deny(mortal, denied, denial);
    BOOST_TEST(agent.readExactly(9) == "a request");
    BOOST_TEST(areJoined(visitor, agent));
}

/// `nc -N` with an agent that is dead.
BOOST_DATA_TEST_CASE(RequestOfAVisitorThatHalfClosedIsNotLost, kModes* bdata::make(kDenials), mode, denial) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits});
    auto visitor = pipe.visitor();
    visitor.send("a request");
    visitor.finishSending();
    auto mortal = servingAgent(pipe);
    auto denied = mortal.nextRequest();
    BOOST_TEST(denied.readExactly(9) == "a request");
    auto immortal = servingAgent(pipe);
    deny(mortal, denied, denial);
    auto stream = immortal.nextRequest();
    stream.answer();
    BOOST_TEST(stream.readToEnd() == "a request");
    stream.send("an answer");
    stream.finishSending();
    BOOST_TEST(visitor.readToEnd() == "an answer");
    BOOST_TEST(visitor.end() == PipeClient::End::Orderly);
}

/// Those that have nothing to say yet, too.
BOOST_DATA_TEST_CASE(SilentVisitorsOfADeadConnectionAllGetAnother, kModes* bdata::make(kDenials), mode,
                     denial) {
    constexpr std::size_t kVisitors = 20;
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits});
    auto mortal = servingAgent(pipe);
    std::vector<PipeClient> visitors;
    std::vector<Http2Stream> denied;
    for (std::size_t number = 0; number < kVisitors; ++number) {
        visitors.push_back(pipe.visitor());
        denied.push_back(mortal.nextRequest());
    }
    auto immortal = servingAgent(pipe);
    for (auto& stream : denied) {
        deny(mortal, stream, denial);
        if (denial != Denial::Refuses) break;
    }
    std::vector<Http2Stream> streams;
    for (std::size_t number = 0; number < kVisitors; ++number) {
        streams.push_back(immortal.nextRequest());
        streams.back().answer();
        streams.back().send(streams.back().visitor());
    }
    for (auto& visitor : visitors) {
        const auto expected = "127.0.0.1:" + std::to_string(visitor.localPort());
        BOOST_TEST(visitor.readExactly(expected.size()) == expected);
    }
}

BOOST_DATA_TEST_CASE(GoawayLetsStreamsGoOn, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits});
    auto leaving = servingAgent(pipe);
    auto first = pipe.visitor();
    auto firstStream = leaving.nextRequest();
    firstStream.answer();
    BOOST_TEST(areJoined(first, firstStream));
    auto second = pipe.visitor();
    auto secondStream = leaving.nextRequest();
    leaving.goaway();
    secondStream.answer(); // what it has taken it may answer later
    leaving.roundTrip();
    auto staying = servingAgent(pipe);
    auto third = pipe.visitor();
    auto thirdStream = staying.nextRequest();
    thirdStream.answer();
    BOOST_TEST(areJoined(third, thirdStream));
    BOOST_TEST(areJoined(second, secondStream));
    auto sending = startSending(firstStream, 1, scaled(16U << 20U));
    receiveRandom(first, 1, scaled(16U << 20U));
    sending.get();
    first.close();
    firstStream.finishSending();
    BOOST_TEST(areJoined(second, secondStream), "one of two has ended");
    second.close();
    secondStream.finishSending();
    leaving.awaitEnd();
    BOOST_TEST(areJoined(third, thirdStream));
}

BOOST_DATA_TEST_CASE(GoawayOfAnIdleConnectionEndsIt, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits, .maxConnections = 1});
    for (int round = 0; round < 3; ++round) {
        auto agent = servingAgent(pipe);
        agent.goaway();
        agent.awaitEnd();
    }
    auto visitor = pipe.visitor();
    auto agent = servingAgent(pipe);
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_DATA_TEST_CASE(VisitorsWaitWhenEveryConnectionGoesAway, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits});
    auto leaving = servingAgent(pipe);
    auto first = pipe.visitor();
    auto firstStream = leaving.nextRequest();
    firstStream.answer();
    leaving.goaway();
    leaving.roundTrip();
    auto second = pipe.visitor();
    second.send("a request");
    pipe.waitFor("visitorswaiting", 1);
    BOOST_TEST(!leaving.hasRequest());
    auto agent = servingAgent(pipe);
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(stream.readExactly(9) == "a request");
    BOOST_TEST(areJoined(first, firstStream));
}

BOOST_DATA_TEST_CASE(ConnectionsTakeTurns, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Agents agents(pipe, 3);
    std::vector<std::size_t> order;
    for (int number = 0; number < 9; ++number) {
        order.push_back(agents.visit());
        agents.leave(order.back());
    }
    for (std::size_t number = 3; number < order.size(); ++number)
        BOOST_TEST(order[number] == order[number - 3], "the least recently used");
    BOOST_TEST(order[0] != order[1]);
    BOOST_TEST(order[1] != order[2]);
    BOOST_TEST(order[2] != order[0]);
}

BOOST_DATA_TEST_CASE(ConnectionWithTheFewestStreamsIsChosen, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Agents agents(pipe, 3);
    std::array<std::size_t, 3> order{};
    for (int round = 0; round < 4; ++round)
        for (auto& agent : order)
            agent = agents.visit();
    for (int number = 0; number < 3; ++number)
        agents.leave(order[1]); // it has 1, the others 4
    for (int number = 0; number < 3; ++number)
        BOOST_TEST(agents.visit() == order[1]);
    agents.leave(order[0]);
    BOOST_TEST(agents.visit() == order[0]);
    for (std::size_t number = 0; number < 3; ++number)
        BOOST_TEST(agents[number].openStreams() == 4U);
}

/// It is no matter how many agents hold the connections.
BOOST_DATA_TEST_CASE(NewConnectionTakesWhatComes, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Agents old(pipe, 1);
    for (int number = 0; number < 5; ++number)
        old.visit();
    Agents young(pipe, 1);
    for (int number = 0; number < 5; ++number)
        young.visit();
}

BOOST_DATA_TEST_CASE(MoreVisitorsThanStreamsWait, kModes, mode) {
    constexpr std::uint32_t kMost = 3;
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits});
    Agents agents(pipe, 1, {.maxConcurrentStreams = kMost});
    for (std::uint32_t number = 0; number < kMost; ++number)
        agents.visit();
    std::vector<PipeClient> waiting;
    for (int number = 0; number < 2; ++number) {
        waiting.push_back(pipe.visitor());
        waiting.back().send("a request");
        pipe.waitFor("visitorswaiting", number + 1);
    }
    BOOST_TEST(!agents[0].hasRequest());
    for (auto& visitor : waiting) {
        agents.hangUp(0);
        auto stream = agents[0].nextRequest();
        stream.answer();
        BOOST_TEST(stream.readExactly(9) == "a request");
        BOOST_TEST(areJoined(visitor, stream), "who came first is served first");
        BOOST_TEST(!agents[0].hasRequest());
    }
}

BOOST_DATA_TEST_CASE(FullConnectionIsPassedOver, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits});
    Agents agents(pipe, 2, {.maxConcurrentStreams = 1});
    const auto first = agents.visit();
    BOOST_TEST(agents.visit() == 1 - first);
    auto visitor = pipe.visitor();
    visitor.send("a request");
    pipe.waitFor("visitorswaiting", 1);
    auto more = servingAgent(pipe);
    auto stream = more.nextRequest();
    stream.answer();
    BOOST_TEST(stream.readExactly(9) == "a request");
}

BOOST_DATA_TEST_CASE(VisitorThatWaitsForAStreamIsGivenUp, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"visitor-wait", 400}}});
    Agents agents(pipe, 1, {.maxConcurrentStreams = 1});
    agents.visit();
    auto visitor = pipe.visitor();
    BOOST_TEST(isClosedUnanswered(visitor));
    BOOST_TEST(!agents[0].hasRequest());
}

/// It may be dead, though its threshold has not passed.
BOOST_DATA_TEST_CASE(SilentConnectionIsAvoided, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits, .heartbeatAbsenceThreshold = kThreshold});
    auto silent = servingAgent(pipe, Side::Port1, {.answersPings = false});
    auto lively = servingAgent(pipe);
    silent.awaitPings(1);
    lively.roundTrip();
    std::vector<PipeClient> visitors;
    for (int number = 0; number < 5; ++number) {
        visitors.push_back(pipe.visitor());
        auto stream = lively.nextRequest();
        stream.answer();
        BOOST_TEST(areJoined(visitors.back(), stream));
    }
    BOOST_TEST(!silent.hasRequestNow());
}

BOOST_DATA_TEST_CASE(SilentConnectionIsBetterThanNone, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = kNoLimits, .heartbeatAbsenceThreshold = kThreshold});
    auto silent = servingAgent(pipe, Side::Port1, {.answersPings = false});
    silent.awaitPings(1);
    auto visitor = pipe.visitor();
    auto stream = silent.nextRequest();
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_DATA_TEST_CASE(MaxConnectionsCountsNoStreams, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"place-wait", 100}}, .maxConnections = 1});
    Agents agents(pipe, 1);
    for (int number = 0; number < 20; ++number)
        agents.visit();
    auto second = pipe.connector().connect(pipe.mapping().port1);
    second.send("PIPE/2 " + pipe.mapping().passcode1 + "\n");
    BOOST_TEST(second.readToEnd().ends_with(" all 1 places are taken\n"));
    agents.visit();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
