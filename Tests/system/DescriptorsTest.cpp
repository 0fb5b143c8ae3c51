#include "KernelSockets.h"
#include "LogLines.h"
#include "OpenPipe.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// Less than the flood below: what matters is that they run out, not at which number.
constexpr int kDescriptors = 60;
constexpr int kFlood = 200;
constexpr int kProcessDescriptors = 256 + kDescriptors;
constexpr int kMoreThanTheProcessMayHave = kProcessDescriptors + 40;
constexpr std::chrono::seconds kWatched{2};

/// Connections to a port, plain TCP even towards TLS: the kernel takes them whether Connector does or not.
std::vector<PipeClient> flood(std::uint16_t port, int size = kFlood) {
    std::vector<PipeClient> connections;
    for (int number = 0; number < size; ++number)
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

bool newOnesAreJoined(const OpenPublicPipe& pipe) {
    auto agent = pipe.waitingAgent();
    auto visitor = pipe.visitor();
    return areJoined(visitor, agent);
}

void waitUntilApiAnswers(const OpenPublicPipe& pipe) {
    waitUntil("the API answers again", [&] {
        try {
            return pipe.api().get("/health").status == 200;
        } catch (const Poco::Exception&) {
            return false;
        }
    });
}

void runOutOfDescriptors(OpenPublicPipe& pipe, std::uint16_t port) {
    auto& process = pipe.connector().process();
    auto [visitor, agent] = pipe.relay();
    const auto descriptors = process.descriptorCount();
    {
        const auto connections = flood(port);
        waitUntilStalled("the number of descriptors", [&] { return process.descriptorCount(); });
        BOOST_TEST(process.isRunning());
        BOOST_TEST(areJoined(visitor, agent));
        BOOST_TEST(idleLoad(process) < 0.5);
        BOOST_TEST(areJoined(visitor, agent));
        BOOST_TEST(pipe.api().get("/health").status == 200);
    }
    // Those that the kernel had queued are still accepted, and found to be closed.
    waitUntil("the flood is over",
              [&] { return unacceptedConnections(port) == 0 && process.descriptorCount() <= descriptors; });
    BOOST_TEST(newOnesAreJoined(pipe));
    BOOST_TEST(areJoined(visitor, agent));
}

void waitForLines(const ConnectorProcess& connector, const std::string& text, std::size_t atLeast) {
    waitUntil("lines with \"" + text + "\"", [&] { return linesWith(connector, text) >= atLeast; });
}

const PipeOptions kLowLimit{
    .limits = {{"descriptors", kDescriptors}, {"greeting-first-byte", 600000}, {"visitor-wait", 600000}}};
const PipeOptions kLowProcessLimit{.limits = {{"greeting-first-byte", 600000}, {"visitor-wait", 600000}},
                                   .descriptors = kProcessDescriptors};

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

/// Each once, however often the last one is taken and given back. The mapping's ports have two.
BOOST_AUTO_TEST_CASE(ShortageIsLoggedOnceUntilItIsOver) {
    OpenPublicPipe pipe(Mode::Plain, kLowLimit);
    const auto& connector = pipe.connector();
    for (std::size_t round = 1; round <= 2; ++round) {
        {
            auto connections = flood(pipe.mapping().port1, kDescriptors - 1);
            waitForLines(connector, "none of the 60 descriptors for pipes is left", round);
            for (int number = 0; number < kDescriptors / 10; ++number)
                connections.erase(connections.begin());
            waitForLines(connector, "rejected: it closed the connection", 1);
            waitUntilStalled("the number of descriptors",
                             [&] { return pipe.connector().process().descriptorCount(); });
        }
        waitForLines(connector, "of the 60 descriptors for pipes are in use, and no more", round);
        BOOST_TEST(linesWith(connector, "54 of the 60 descriptors for pipes are in use: when") == round);
        BOOST_TEST(linesWith(connector, "none of the 60 descriptors for pipes is left") == round);
        BOOST_TEST(linesWith(connector, "LimitNOFILE") == 2 * round);
        BOOST_TEST(linesWith(connector, "limits.descriptors") == 2 * round);
    }
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
    waitUntilApiAnswers(pipe);
}

/// With limits that let the API take more than there is, it can't accept, and must not try all the time.
BOOST_AUTO_TEST_CASE(ApiWithoutDescriptorsWaits) {
    auto options = kLowProcessLimit;
    for (const auto* limit : {"api-connections", "api-connections-per-address"})
        options.limits[limit] = 1000;
    options.limits["request-time"] = 600000;
    OpenPublicPipe pipe(Mode::Plain, options);
    pipe.connector().waitForLog(" is ready"); // what is for the start only has ended
    auto [visitor, agent] = pipe.relay();
    BOOST_TEST(
        areJoined(visitor, agent)); // UBSan needs a descriptor for each kind of call that it sees first
    {
        const auto connections = flood(pipe.setup().apiPort(), kMoreThanTheProcessMayHave);
        waitUntilStalled("the number of descriptors",
                         [&] { return pipe.connector().process().descriptorCount(); });
        BOOST_TEST(idleLoad(pipe.connector().process()) < 0.5);
        BOOST_TEST(areJoined(visitor, agent));
    }
    waitUntilApiAnswers(pipe);
}

/// When there are no descriptors for two more ports, nothing of a mapping remains.
BOOST_AUTO_TEST_CASE(AddWithoutDescriptorsIs507) {
    OpenPublicPipe pipe(Mode::Plain, kLowLimit);
    std::vector<AddedMapping> added;
    ApiAnswer answer;
    while ((answer = pipe.api().tryAdd(publicMapping())).status == 200)
        added.push_back(parseAdded(answer));
    BOOST_TEST(answer.isError(507), answer);
    BOOST_TEST(pipe.api().listIds().size() == added.size() + 1);
    pipe.api().remove(added.back().id);
    const auto agent = pipe.waitingAgent();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
