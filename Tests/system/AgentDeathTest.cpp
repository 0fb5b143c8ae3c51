#include "AgentProgram.h"
#include "RandomStream.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <future>
#include <memory>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kThreshold = 1500;
/// Longer than any of these tests holds agents back.
constexpr int kVisitorWait = 25000;
constexpr std::size_t kAgents = 4;
constexpr int kConnections = 3;
constexpr std::size_t kVisitors = 200;
constexpr std::size_t kMessage = 3000;
/// Long enough for a visitor to come.
constexpr std::chrono::milliseconds kMoment{500};

const PipeOptions kOptions{.limits = {{"visitor-wait", kVisitorWait}},
                           .maxConnections = 1000,
                           .heartbeatAbsenceThreshold = kThreshold};

/// How an agent dies while visitors come.
enum class Death { Killed, Stopped, Reset };
constexpr std::array kDeaths{Death::Killed, Death::Stopped, Death::Reset};
std::ostream& operator<<(std::ostream& out, Death death) {
    constexpr std::array names{"SIGKILL", "SIGSTOP", "RST"};
    return out << names.at(static_cast<std::size_t>(death));
}

/// How a visit went.
struct Visit {
    std::uint16_t port = 0;
    std::string problem; ///< empty: the visitor got exactly what it had sent
};

/// A visitor of an echo target that says something, and then that this was all.
Visit visit(const OpenPublicPipe& pipe, std::uint64_t seed) {
    auto visitor = pipe.visitor();
    Visit result{visitor.localPort(), ""};
    const auto message = randomBytes(kMessage, seed);
    try {
        visitor.send(message);
        visitor.finishSending();
        const auto answer = visitor.readToEnd();
        if (answer == message) return result;
        if (!message.starts_with(answer)) throw std::logic_error("a visitor got bytes that are not its own");
        result.problem = "got " + std::to_string(answer.size()) + " bytes";
    } catch (const ConnectionLost& error) {
        result.problem = error.what();
    }
    return result;
}

/// Breaks the connection when a stream is opened on it, in the middle of the answer; or without it, when none
/// is opened soon: others may be called before this one.
void breakWhenCalled(Http2Peer& agent) {
    try {
        waitUntil(
            "a request", [&agent] { return agent.hasRequestNow() || agent.isEnded(); }, kMoment);
    } catch (const TimedOut&) {
    }
    agent.sendRaw("half a frame");
    agent.abort();
}

/// Several real agents in front of one target that gives back what it gets.
class Service {
  public:
    explicit Service(Mode mode) : _pipe(mode, kOptions) {
        for (std::size_t number = 0; number < kAgents; ++number)
            _agents.push_back(startAgent());
        waitForAllAgents();
    }

    const OpenPublicPipe& pipe() const { return _pipe; }

    void waitForAllAgents() const {
        _pipe.waitFor("agentswaiting", static_cast<std::int64_t>(kAgents) * kConnections);
    }

    /// 200 visitors at once, and the death of an agent among them.
    std::vector<Visit> visitsWith(Death death, std::size_t wave) {
        std::vector<std::future<Visit>> visitors;
        for (std::size_t number = 0; number < kVisitors; ++number) {
            if (number == kVisitors / 2) letDie(death, wave);
            visitors.push_back(std::async(
                std::launch::async, [this, seed = wave * kVisitors + number] { return visit(_pipe, seed); }));
        }
        if (death == Death::Stopped) wakeUp(wave);
        breakMortals();
        std::vector<Visit> visits;
        for (auto& visitor : visitors)
            visits.push_back(visitor.get());
        return visits;
    }

    /// Whether Connector has joined this visitor to an agent: it does so when that has accepted it.
    bool wasJoined(const Visit& visit) const {
        return _pipe.connector().log().find(" and visitor 127.0.0.1:" + std::to_string(visit.port) +
                                            " ended: ") != std::string::npos;
    }

  private:
    std::unique_ptr<AgentProgram> startAgent() {
        const AgentPipeOptions options{.localPort = _target.port(), .connections = kConnections};
        return std::make_unique<AgentProgram>(
            _pipe.setup(), AgentProgram::Pipes{agentPipe(_pipe.setup(), _pipe.mapping(), options)});
    }

    void letDie(Death death, std::size_t wave) {
        auto& agent = _agents[wave % kAgents];
        if (death == Death::Killed) {
            agent->kill(SIGKILL);
            agent = startAgent();
        } else if (death == Death::Stopped) {
            agent->process().signal(SIGSTOP);
        } else {
            addMortals();
        }
    }

    /// With no stream on them, they are the first that Connector calls.
    void addMortals() {
        for (int number = 0; number < 10; ++number)
            _mortals.push_back(servingAgent(_pipe));
    }

    void breakMortals() {
        for (auto& mortal : _mortals)
            breakWhenCalled(mortal);
        _mortals.clear();
    }

    /// When Connector has given up the agent's connections: it does so with one that has been silent for less
    /// long.
    void wakeUp(std::size_t wave) {
        const auto control = _pipe.api().addPublic(1, kThreshold);
        auto silent = _pipe.connector().agent(control.port1, control.passcode1);
        BOOST_TEST(isClosedUnanswered(silent));
        _pipe.api().remove(control.id);
        _agents[wave % kAgents]->process().signal(SIGCONT);
    }

    EchoTarget _target;
    OpenPublicPipe _pipe;
    std::vector<std::unique_ptr<AgentProgram>> _agents;
    std::vector<Http2Peer> _mortals;
};

} // namespace

BOOST_AUTO_TEST_SUITE(AgentDeath)

/// A visitor may only be lost with the agent that it was joined to. Connections that break do so before that.
BOOST_DATA_TEST_CASE(VisitorsOutliveAgentsThatDie, bdata::make(kModes) * bdata::make(kDeaths), mode, death) {
    constexpr std::size_t kWaves = 3;
    Service service(mode);
    std::size_t served = 0;
    for (std::size_t wave = 0; wave < kWaves; ++wave) {
        for (const auto& visit : service.visitsWith(death, wave)) {
            if (visit.problem.empty())
                ++served;
            else
                BOOST_TEST(service.wasJoined(visit), visit.port << ": " << visit.problem);
        }
        service.waitForAllAgents();
    }
    BOOST_TEST(served > kWaves * kVisitors / 2);
    if (death == Death::Reset) BOOST_TEST(served == kWaves * kVisitors, "nobody died that had accepted one");
    service.pipe().waitFor("relays", 0);
    service.pipe().waitFor("visitorswaiting", 0);
}

/// It holds connections that look fine, and takes requests into its kernel's buffers.
BOOST_DATA_TEST_CASE(StoppedAgentDelaysVisitorsButLosesNone, kModes, mode) {
    constexpr std::size_t kFew = 10;
    EchoTarget target;
    OpenPublicPipe pipe(mode, kOptions);
    const AgentPipeOptions options{.localPort = target.port(), .connections = kConnections};
    const AgentProgram::Pipes pipes{agentPipe(pipe.setup(), pipe.mapping(), options)};
    AgentProgram stopped(pipe.setup(), pipes);
    pipe.waitFor("agentswaiting", kConnections);
    stopped.process().freeze();
    std::vector<std::future<Visit>> visitors;
    for (std::size_t number = 0; number < kFew; ++number)
        visitors.push_back(std::async(std::launch::async, [&pipe, number] { return visit(pipe, number); }));
    const AgentProgram running(pipe.setup(), pipes);
    for (auto& visitor : visitors)
        BOOST_TEST(visitor.get().problem == "");
    stopped.process().signal(SIGCONT);
    pipe.waitFor("agentswaiting", 2 * kConnections);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
