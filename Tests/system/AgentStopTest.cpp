#include "AgentProgram.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr std::chrono::milliseconds kNever{600000};
constexpr std::chrono::milliseconds kShort{400};

const auto kEitherProtocol = bdata::make(kModes) * bdata::make(kProtocols);

/// An agent that is to be stopped, with a conversation.
struct Service {
    Service(Mode mode, AgentProtocol protocol, std::chrono::milliseconds drainTimeout)
        : pipe(mode),
          agent(std::make_unique<AgentProgram>(pipe.setup(), configuration(), protocol, drainTimeout)) {
        pipe.waitFor("agentswaiting", 2);
        auto [first, second] = visit();
        visitor.emplace(std::move(first));
        server.emplace(std::move(second));
    }

    AgentProgram::Pipes configuration() {
        return {agentPipe(pipe.setup(), pipe.mapping(), {.localPort = target.port(), .connections = 2})};
    }

    std::pair<PipeClient, PipeClient> visit() {
        auto client = pipe.visitor();
        client.send("a request");
        auto called = target.accept();
        BOOST_TEST(called.readExactly(9) == "a request");
        return {std::move(client), std::move(called)};
    }

    TestTarget target;
    OpenPublicPipe pipe;
    std::unique_ptr<AgentProgram> agent;
    std::optional<PipeClient> visitor;
    std::optional<PipeClient> server;
};

} // namespace

BOOST_AUTO_TEST_SUITE(AgentStop)

BOOST_DATA_TEST_CASE(ConversationsGoOnToTheirEnd, kEitherProtocol, mode, protocol) {
    Service service(mode, protocol, kNever);
    service.agent->kill(SIGTERM);
    service.pipe.waitFor("agentswaiting", 0);
    BOOST_TEST(areJoined(*service.visitor, *service.server));
    service.visitor->close();
    BOOST_TEST(service.server->readToEnd() == "");
    service.server->close();
    BOOST_TEST(service.agent->process().waitForExit() == 0);
}

BOOST_DATA_TEST_CASE(NewVisitorsGoToAnother, kEitherProtocol, mode, protocol) {
    Service service(mode, protocol, kNever);
    service.agent->kill(SIGTERM);
    service.pipe.waitFor("agentswaiting", 0);
    const AgentProgram another(service.pipe.setup(), service.configuration(), protocol);
    service.pipe.waitFor("agentswaiting", 2);
    auto [visitor, server] = service.visit();
    BOOST_TEST(areJoined(visitor, server));
    BOOST_TEST(areJoined(*service.visitor, *service.server));
    service.agent->process().signal(SIGTERM); // has it end at once
    BOOST_TEST(service.visitor->readToEnd() == "");
    BOOST_TEST(service.agent->process().waitForExit() == 0);
    BOOST_TEST(areJoined(visitor, server));
}

BOOST_DATA_TEST_CASE(ConversationsThatTakeTooLongAreBroken, kEitherProtocol, mode, protocol) {
    Service service(mode, protocol, kShort);
    service.agent->kill(SIGTERM);
    BOOST_TEST(service.agent->process().waitForExit() == 0);
    BOOST_TEST(service.visitor->readToEnd() == "");
    BOOST_TEST(service.server->readToEnd() == "");
}

/// With visitors that have just been given to it.
BOOST_DATA_TEST_CASE(StopsAtOnceWhenItIsToldTo, kEitherProtocol, mode, protocol) {
    const EchoTarget target;
    OpenPublicPipe pipe(mode);
    const AgentProgram::Pipes pipes{
        agentPipe(pipe.setup(), pipe.mapping(), {.localPort = target.port(), .connections = 2})};
    for (int round = 0; round < 30; ++round) {
        std::vector<PipeClient> visitors;
        for (int number = 0; number < 5; ++number) {
            visitors.push_back(pipe.visitor());
            visitors.back().send("hello");
        }
        AgentProgram agent(pipe.setup(), pipes, protocol);
        agent.waitForLog("are ready");
        agent.kill(SIGTERM);
        BOOST_TEST_REQUIRE(agent.process().waitForExit() == 0);
    }
}

/// Visitors that come while an agent is replaced notice nothing.
BOOST_DATA_TEST_CASE(NoVisitorIsLostWhenAgentsAreReplaced, kModes, mode) {
    const EchoTarget target;
    OpenPublicPipe pipe(mode);
    const AgentProgram::Pipes pipes{
        agentPipe(pipe.setup(), pipe.mapping(), {.localPort = target.port(), .connections = 2})};
    const auto start = [&] {
        return std::make_unique<AgentProgram>(pipe.setup(), pipes, AgentProtocol::Pipe2, kNever);
    };
    auto agent = start();
    agent->waitForLog("connections are ready");
    for (int round = 0; round < 5; ++round) {
        const auto leaving = std::move(agent);
        leaving->kill(SIGTERM);
        std::vector<PipeClient> visitors;
        for (int number = 0; number < 20; ++number) {
            visitors.push_back(pipe.visitor());
            visitors.back().send("hello");
            if (number == 10) agent = start();
        }
        for (auto& visitor : visitors)
            BOOST_TEST(visitor.readExactly(5) == "hello");
        visitors.clear();
        agent->waitForLog("connections are ready");
        BOOST_TEST(leaving->process().waitForExit() == 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
