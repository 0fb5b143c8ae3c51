#include "OpenPipe.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// Less than the flood below; the promise is about running out, not about a number.
constexpr int kDescriptors = 60;
constexpr int kFlood = 200;
constexpr std::chrono::seconds kWatched{2};

/// Connections to a port, plain TCP even towards TLS: the kernel takes them whether Connector does or not.
std::vector<PipeClient> flood(std::uint16_t port) {
    std::vector<PipeClient> connections;
    for (int number = 0; number < kFlood; ++number)
        connections.emplace_back(Poco::Net::SocketAddress("127.0.0.1", port));
    return connections;
}

/// The share of one processor that the process uses while nothing is asked of it.
double idleLoad(const ChildProcess& process) {
    const auto before = process.processorTime();
    std::this_thread::sleep_for(kWatched);
    const std::chrono::duration<double> used = process.processorTime() - before;
    return used / kWatched;
}

/// Whether an agent and a visitor that come now find each other.
bool newOnesAreJoined(const OpenPublicPipe& pipe) {
    try {
        auto agent = pipe.agent1();
        auto visitor = pipe.visitor();
        return areJoined(visitor, agent);
    } catch (const ConnectionLost&) { // turned away: try again later
        return false;
    }
}

void runOutOfDescriptors(OpenPublicPipe& pipe, std::uint16_t port) {
    auto& process = pipe.connector().process();
    auto [visitor, agent] = pipe.relay();
    {
        const auto connections = flood(port);
        waitUntilStalled("the number of descriptors", [&] { return process.descriptorCount(); });
        BOOST_TEST(process.isRunning());
        BOOST_TEST(areJoined(visitor, agent));
        BOOST_TEST(idleLoad(process) < 0.5);
        BOOST_TEST(areJoined(visitor, agent));
        BOOST_TEST(pipe.api().get("/health").status == 200);
    }
    waitUntil("new connections are served again", [&] { return newOnesAreJoined(pipe); });
    BOOST_TEST(areJoined(visitor, agent));
}

const PipeOptions kLowLimit{
    .limits = {{"descriptors", kDescriptors}, {"greeting-first-byte", 600000}, {"visitor-wait", 600000}}};
/// 256 of these are Connector's own.
const PipeOptions kLowProcessLimit{.limits = {{"greeting-first-byte", 600000}, {"visitor-wait", 600000}},
                                   .descriptors = 256 + kDescriptors};

} // namespace

BOOST_AUTO_TEST_SUITE(Descriptors)

BOOST_DATA_TEST_CASE(FloodOfVisitorsIsSurvived, kModes, mode) {
    OpenPublicPipe pipe(mode, kLowLimit);
    runOutOfDescriptors(pipe, pipe.mapping().port2);
}

BOOST_DATA_TEST_CASE(FloodOfStrangersIsSurvived, kModes, mode) {
    OpenPublicPipe pipe(mode, kLowLimit);
    runOutOfDescriptors(pipe, pipe.mapping().port1);
}

BOOST_AUTO_TEST_CASE(FloodIsSurvivedWithALowProcessLimit) {
    OpenPublicPipe pipe(Mode::Plain, kLowProcessLimit);
    runOutOfDescriptors(pipe, pipe.mapping().port2);
}

BOOST_DATA_TEST_CASE(FloodOfApiConnectionsIsSurvived, kModes, mode) {
    OpenPublicPipe pipe(mode, kLowProcessLimit);
    auto& process = pipe.connector().process();
    auto [visitor, agent] = pipe.relay();
    {
        const auto connections = flood(pipe.setup().apiPort());
        waitUntilStalled("the number of descriptors", [&] { return process.descriptorCount(); });
        BOOST_TEST(idleLoad(process) < 0.5);
        BOOST_TEST(areJoined(visitor, agent));
    }
    waitUntil("the API answers again", [&] {
        try {
            return pipe.api().get("/health").status == 200;
        } catch (const Poco::Exception&) {
            return false;
        }
    });
}

/// When there are no descriptors for two more ports, nothing of a mapping remains.
BOOST_AUTO_TEST_CASE(AddWithoutDescriptorsIs507) {
    OpenPublicPipe pipe(Mode::Plain, kLowLimit);
    ApiAnswer answer;
    std::size_t added = 1;
    while ((answer = pipe.api().tryAdd(publicMapping())).status == 200)
        ++added;
    BOOST_TEST(answer.isError(507), answer);
    BOOST_TEST(pipe.api().listIds().size() == added);
    auto agent = pipe.agent1();
    pipe.waitFor("agentswaiting", 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
