#include "OpenPipe.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <Poco/Exception.h>

#include <future>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// Longer than any stop takes on a busy machine with sanitizers: whoever needs more hangs.
constexpr std::chrono::seconds kStopTime{60};
/// POCO's default; a stop takes 2.5 s at most.
constexpr std::chrono::seconds kLessThanIdleThreadsWait{9};

const auto kStops = bdata::make(kModes) * bdata::make({SIGTERM, SIGINT});

/// Adds and removes mappings until Connector refuses. False when it neither said why nor just cut the
/// connection off.
bool useApiUntilItEnds(const ApiClient& api) {
    try {
        for (;;) {
            auto answer = api.tryAdd(publicMapping());
            if (answer.status == 200) answer = api.tryRemove(answer.field("id"));
            if (answer.status != 200) return answer.isError(503);
        }
    } catch (const Poco::Exception&) { // cut off
        return true;
    }
}

void sendUntilItEnds(PipeClient& client) {
    const std::string payload(65536, 'x');
    try {
        for (;;)
            client.send(payload);
    } catch (const ConnectionLost&) {
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(Signals)

BOOST_DATA_TEST_CASE(StopIsCleanWhenIdle, kStops, mode, signal) {
    const ConnectorSetup setup(mode);
    ConnectorProcess connector(setup);
    BOOST_TEST(connector.stop(signal, kStopTime) == 0);
    BOOST_TEST(refusesConnections(setup.apiPort()));
}

BOOST_DATA_TEST_CASE(StopIsCleanWithConnections, kStops, mode, signal) {
    OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    auto waiting = pipe.waitingAgent();
    auto stranger = pipe.connector().connect(pipe.mapping().port1);
    const auto second = pipe.api().addPublic();
    auto waitingVisitor = pipe.connector().connect(second.port2);
    BOOST_TEST(pipe.connector().stop(signal, kStopTime) == 0);
    for (auto* client : {&visitor, &agent, &waiting, &stranger, &waitingVisitor})
        BOOST_TEST(client->readToEnd() == "");
}

BOOST_DATA_TEST_CASE(StopIsCleanWithAStuckRelay, kStops, mode, signal) {
    OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay({.bufferSize = 65536});
    const std::string payload(kMoreThanBuffersHold, 'x');
    BOOST_REQUIRE(agent.sendSome(payload) < payload.size());
    BOOST_TEST(pipe.connector().stop(signal, kStopTime) == 0);
}

BOOST_DATA_TEST_CASE(StopIsCleanUnderLoad, kStops, mode, signal) {
    OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    auto flow = std::async(std::launch::async, sendUntilItEnds, std::ref(agent));
    auto drain = std::async(std::launch::async, [&visitor = visitor] { visitor.skipToEnd(); });
    std::vector<std::future<bool>> controllers;
    for (int number = 0; number < 4; ++number)
        controllers.push_back(std::async(std::launch::async, useApiUntilItEnds, pipe.api()));
    waitUntil("a megabyte has passed", [&] { return pipe.count("bytesfromport1") > 1 << 20; });
    BOOST_TEST(pipe.connector().stop(signal, kStopTime) == 0);
    flow.get();
    drain.get();
    for (auto& controller : controllers)
        BOOST_TEST(controller.get());
}

BOOST_DATA_TEST_CASE(StopIsCleanWithIdleApiConnections, kModes, mode) {
    const ConnectorSetup setup(mode);
    ConnectorProcess connector(setup);
    auto silent = connector.connect(setup.apiPort());
    auto halfSent = connector.connect(setup.apiPort());
    halfSent.send(
        "POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nmapping=");
    BOOST_TEST(connector.stop(SIGTERM, kStopTime) == 0);
}

BOOST_DATA_TEST_CASE(StopIsPromptAfterManyApiConnections, kModes, mode) {
    const ConnectorSetup setup(mode);
    ConnectorProcess connector(setup);
    {
        std::vector<PipeClient> connections;
        for (int number = 0; number < 100; ++number)
            connections.emplace_back(Poco::Net::SocketAddress("127.0.0.1", setup.apiPort()));
        waitUntilStalled("the number of threads", [&] { return connector.process().threadCount(); });
    }
    BOOST_TEST(connector.stop(SIGTERM, kStopTime) == 0);
}

/// Threads that have nothing more to do would wait for requests for another 10 s.
BOOST_DATA_TEST_CASE(StopIsPromptInTheMiddleOfManyRequests, kModes, mode) {
    const ConnectorSetup setup(mode);
    ConnectorProcess connector(setup);
    std::string requests;
    for (int number = 0; number < 1000; ++number)
        requests += "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    std::vector<PipeClient> clients;
    for (int number = 0; number < 50; ++number) {
        clients.push_back(connector.connect(setup.apiPort()));
        clients.back().send(requests);
    }
    clients.back().readThrough("}");
    BOOST_TEST(connector.stop(SIGTERM, kLessThanIdleThreadsWait) == 0);
}

BOOST_DATA_TEST_CASE(SecondSignalChangesNothing, kModes, mode) {
    OpenPublicPipe pipe(mode);
    const auto ends = pipe.relay();
    pipe.connector().process().signal(SIGTERM);
    pipe.connector().process().signal(SIGINT);
    BOOST_TEST(pipe.connector().stop(SIGTERM, kStopTime) == 0);
}

BOOST_DATA_TEST_CASE(HangupStopsNothing, kModes, mode) {
    OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    for (int number = 0; number < 3; ++number)
        pipe.connector().process().signal(SIGHUP);
    BOOST_TEST(areJoined(visitor, agent));
    BOOST_TEST(pipe.api().get("/health").status == 200);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
