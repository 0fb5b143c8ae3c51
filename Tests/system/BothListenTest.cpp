#include "AgentProgram.h"
#include "OpenPipe.h"
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

constexpr int kNever = 600000;
/// Nothing that stands still is ended by Connector's limits.
const PipeOptions kNoLimits{.limits = {{"open", kNever}, {"visitor-wait", kNever}}};

constexpr const char* kWhatIsWrong = R"(both sides listen; one must be "role": "connect")";

/// The agents of a private mapping that are both told to listen, by mistake. One that is not started yet is
/// to be started by the test.
class BothListen {
  public:
    explicit BothListen(Mode mode, int connections = 1) : pipe(mode, kNoLimits), _connections(connections) {}

    void startBoth() {
        for (const auto side : kSides)
            start(side);
        waitUntilIdle();
    }

    void start(Side side) {
        _agents[index(side)] = std::make_unique<AgentProgram>(
            pipe.setup(), AgentProgram::Pipes{configuration(side, "listen", localPort(side))});
    }

    AgentProgram& agent(Side side) { return *_agents[index(side)]; }

    Poco::JSON::Object::Ptr configuration(Side side, const std::string& role, std::uint16_t port) {
        return agentPipe(pipe.setup(), pipe.mapping(),
                         {.side = side, .role = role, .localPort = port, .connections = _connections});
    }

    /// A client of this side's agent, which says something at once; null when the agent doesn't listen yet.
    std::unique_ptr<PipeClient> tryClient(Side side) {
        try {
            auto client =
                std::make_unique<PipeClient>(Poco::Net::SocketAddress("127.0.0.1", localPort(side)));
            client->send("a request");
            return client;
        } catch (const ConnectionLost&) {
            return nullptr;
        }
    }

    std::unique_ptr<PipeClient> client(Side side) {
        std::unique_ptr<PipeClient> client;
        waitUntil("the agent listens", [&] { return (client = tryClient(side)) != nullptr; });
        return client;
    }

    /// One that comes to the target. Those that come before Connector has seen that a side is another one now
    /// are refused as before.
    std::unique_ptr<PipeClient> servedClient(Side side, TestTarget& target) {
        const auto isServed = [&target] { return target.waitForClient(std::chrono::milliseconds(0)); };
        std::unique_ptr<PipeClient> served;
        waitUntil("a client is served", [&] {
            served = client(side);
            waitUntil("it is served or refused", [&] { return isServed() || !served->isQuiet(); });
            return isServed();
        });
        return served;
    }

    /// Whether a client is closed, in a thread of its own.
    std::future<bool> startRefusedClient(Side side) {
        return std::async(std::launch::async, [this, side] { return isClosedUnanswered(*client(side)); });
    }

    void waitUntilIdle() const {
        for (const auto side : kSides)
            pipe.waitFor(waitingKey(side), _connections);
    }

    /// This side's agent has said what is wrong, and no connection was given up.
    void requireExplained(Side side) {
        agent(side).waitForLog(kWhatIsWrong);
        BOOST_TEST(pipe.connector().log().find("lost: ") == std::string::npos,
                   "the connections stay what they are");
    }

    /// Behind those that Connector may take.
    std::uint16_t localPort(Side side) {
        return static_cast<std::uint16_t>(pipe.setup().firstMappingPort() + 110 + index(side));
    }

    OpenPrivatePipe pipe;

  private:
    static std::size_t index(Side side) { return side == Side::Port1 ? 0 : 1; }

    const int _connections;
    std::array<std::unique_ptr<AgentProgram>, 2> _agents;
};

} // namespace

BOOST_AUTO_TEST_SUITE(AgentPrivateBothListen)

BOOST_DATA_TEST_CASE(ClientIsRefusedAtOnce, kModes* bdata::make(kSides), mode, side) {
    BothListen service(mode);
    service.startBoth();
    const auto client = service.client(side);
    BOOST_TEST(isClosedUnanswered(*client));
    service.requireExplained(side);
    service.waitUntilIdle();
}

/// Nobody was there when it came, and who comes then listens, too.
BOOST_DATA_TEST_CASE(ClientThatWaitedIsRefused, kModes* bdata::make(kSides), mode, side) {
    BothListen service(mode);
    service.start(side);
    service.pipe.waitFor(waitingKey(side), 1);
    const auto client = service.client(side);
    service.start(opposite(side));
    BOOST_TEST(isClosedUnanswered(*client));
    service.requireExplained(side);
    service.waitUntilIdle();
}

BOOST_DATA_TEST_CASE(ManyClientsOnBothSidesAreAllRefused, kModes, mode) {
    constexpr int kClients = 50;
    BothListen service(mode, 3);
    service.startBoth();
    std::vector<std::future<bool>> clients;
    for (int number = 0; number < kClients; ++number)
        for (const auto side : kSides)
            clients.push_back(service.startRefusedClient(side));
    for (auto& client : clients)
        BOOST_TEST(client.get());
    for (const auto side : kSides)
        service.requireExplained(side);
    service.waitUntilIdle();
}

BOOST_DATA_TEST_CASE(OneSideThatIsCorrectedServesTheOther, kModes* bdata::make(kSides), mode, side) {
    BothListen service(mode);
    service.startBoth();
    BOOST_TEST(isClosedUnanswered(*service.client(side)));
    TestTarget target;
    service.agent(opposite(side)).reload({service.configuration(opposite(side), "connect", target.port())});
    const auto client = service.servedClient(side, target);
    auto server = target.accept();
    BOOST_TEST(server.readExactly(9) == "a request");
    BOOST_TEST(areJoined(server, *client));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
