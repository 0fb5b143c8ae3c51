#include "KernelSockets.h"
#include "OpenPipe.h"
#include "RandomStream.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <list>
#include <random>
#include <thread>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr std::uint64_t kMebibyte = 1U << 20U;

using Ends = std::pair<PipeClient, PipeClient>;

/// Random bytes through all relays at once, in both directions at once.
void fillBothWays(std::list<Ends>& relays, std::uint64_t bytesEachWay) {
    std::vector<std::future<void>> work;
    std::uint64_t seed = 0;
    for (auto& [one, other] : relays) {
        seed += 2;
        work.push_back(startSending(one, seed, bytesEachWay));
        work.push_back(startSending(other, seed + 1, bytesEachWay));
        work.push_back(startReceiving(other, seed, bytesEachWay));
        work.push_back(startReceiving(one, seed + 1, bytesEachWay));
    }
    for (auto& each : work)
        each.get();
}

/// Messages of BEAT mixed with other bytes; some are BEAT alone.
std::vector<std::string> beatMessages(std::size_t count) {
    std::mt19937 random(1);
    std::vector<std::string> messages;
    for (std::size_t number = 0; number < count; ++number) {
        std::string message;
        for (auto repeated = random() % 40; repeated > 0; --repeated)
            message += "BEAT";
        switch (random() % 4) {
        case 0:
            message += "B";
            break;
        case 1:
            message.insert(0, "x");
            break;
        case 2:
            message.insert(message.size() / 2, "\n");
            break;
        default: // a heartbeat
            if (message.empty()) message = "BEAT";
        }
        messages.push_back(message);
    }
    return messages;
}

bool isHeartbeat(const std::string& message) {
    return message.size() % 4 == 0 && message.find_first_not_of("BEAT") == std::string::npos;
}

std::string joinedPayload(const std::vector<std::string>& messages) {
    std::string payload;
    for (const auto& message : messages)
        if (!isHeartbeat(message)) payload += message;
    return payload;
}

std::future<void> startSendingEach(PipeClient& client, const std::vector<std::string>& messages) {
    return std::async(std::launch::async, [&] {
        for (const auto& message : messages)
            client.send(message);
    });
}

/// A receiver that takes a mebibyte now and then, and always less than is there.
void receiveSlowly(PipeClient& client, std::uint64_t seed, std::uint64_t size) {
    RandomStream stream(seed);
    std::string expected(kMebibyte, '\0');
    for (std::uint64_t received = 0; received < size; received += kMebibyte) {
        stream.fill(expected);
        BOOST_REQUIRE(client.readExactly(kMebibyte) == expected);
        std::this_thread::sleep_for(std::chrono::milliseconds(4));
    }
}

/// Sends in mebibytes, as receiveSlowly() takes them.
std::future<void> startSendingMebibytes(PipeClient& client, std::uint64_t seed, std::uint64_t size) {
    return std::async(std::launch::async, [&client, seed, size] {
        RandomStream stream(seed);
        std::string block(kMebibyte, '\0');
        for (std::uint64_t sent = 0; sent < size; sent += kMebibyte) {
            stream.fill(block);
            client.send(block);
        }
    });
}

/// How much the process may grow while it relays to a slow receiver, however much that is.
std::uint64_t allowedGrowth() {
    return (isScaledDown() ? 64 : 16) * kMebibyte;
}

} // namespace

BOOST_AUTO_TEST_SUITE(Throughput)

BOOST_DATA_TEST_CASE(RandomDataBothWaysThroughAPublicPipe, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    std::list<Ends> relays;
    for (int pair = 0; pair < 4; ++pair)
        relays.push_back(pipe.relay());
    fillBothWays(relays, scaled(64 * kMebibyte));
}

BOOST_DATA_TEST_CASE(RandomDataBothWaysThroughAPrivatePipe, kModes, mode) {
    const OpenPrivatePipe pipe(mode);
    std::list<Ends> relays;
    for (int pair = 0; pair < 4; ++pair)
        relays.push_back(pipe.relay());
    fillBothWays(relays, scaled(64 * kMebibyte));
}

BOOST_DATA_TEST_CASE(OneMappingUsesEveryLoop, kModes, mode) {
    OpenPublicPipe pipe(mode); // with two loops
    std::list<Ends> relays;
    for (int pair = 0; pair < 4; ++pair)
        relays.push_back(pipe.relay());
    const auto& process = pipe.connector().process();
    waitUntil("both loops have worked for a while", [&] {
        fillBothWays(relays, kMebibyte);
        constexpr std::chrono::milliseconds kWhile{50};
        return process.processorTime("loop-1") >= kWhile && process.processorTime("loop-2") >= kWhile;
    });
}

/// Small messages at odd sizes, so that reads and records break anywhere.
BOOST_DATA_TEST_CASE(OddSizesKeepTheirOrder, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    const auto payload = randomBytes(scaled(8 * kMebibyte), 7);
    auto sending = std::async(std::launch::async, [&payload, &agent = agent] {
        std::mt19937 random(7);
        for (std::size_t at = 0; at < payload.size();) {
            const auto size = std::min<std::size_t>(1 + random() % 20000, payload.size() - at);
            agent.send(std::string_view(payload).substr(at, size));
            at += size;
        }
    });
    BOOST_TEST((visitor.readExactly(payload.size()) == payload));
    sending.get();
}

BOOST_AUTO_TEST_CASE(OnlyWholeRecordsOfBeatAreHeartbeats) {
    const OpenPublicPipe pipe(Mode::Tls);
    auto [visitor, agent] = pipe.relay();
    const auto messages = beatMessages(scaled(20000));
    const auto expected = joinedPayload(messages);
    auto sending = startSendingEach(agent, messages);
    BOOST_TEST((visitor.readExactly(expected.size()) == expected));
    sending.get();
}

BOOST_AUTO_TEST_CASE(OnlyWholeRecordsOfBeatAreHeartbeatsInAPrivatePipe) {
    const OpenPrivatePipe pipe(Mode::Tls);
    auto [agent1, agent2] = pipe.relay();
    const auto messages = beatMessages(scaled(20000));
    const auto expected = joinedPayload(messages);
    auto sending = startSendingEach(agent2, messages);
    BOOST_TEST((agent1.readExactly(expected.size()) == expected));
    sending.get();
}

/// A visitor never beats: every byte passes.
BOOST_DATA_TEST_CASE(RecordsOfBeatFromAVisitorPass, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    const auto messages = beatMessages(scaled(20000));
    std::string expected;
    for (const auto& message : messages)
        expected += message;
    auto sending = startSendingEach(visitor, messages);
    BOOST_TEST((agent.readExactly(expected.size()) == expected));
    sending.get();
}

BOOST_DATA_TEST_CASE(SlowVisitorDoesNotGrowTheProcess, kModes, mode) {
    const auto size = scaled(1024) * kMebibyte;
    OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay({.bufferSize = 65536});
    auto& process = pipe.connector().process();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    auto sending = startSendingMebibytes(agent, 3, size);
    receiveSlowly(visitor, 3, size);
    sending.get();
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
}

BOOST_DATA_TEST_CASE(SlowAgentDoesNotGrowTheProcess, kModes, mode) {
    const auto size = scaled(256) * kMebibyte;
    OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay({}, {.bufferSize = 65536});
    auto& process = pipe.connector().process();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    auto sending = startSendingMebibytes(visitor, 4, size);
    receiveSlowly(agent, 4, size);
    sending.get();
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
}

/// Receivers that take nothing at all: what each relay keeps is bounded, and so is the sum.
BOOST_DATA_TEST_CASE(StuckReceiversDoNotGrowTheProcess, kModes, mode) {
    OpenPublicPipe pipe(mode);
    std::list<Ends> relays;
    for (int number = 0; number < 5; ++number)
        relays.push_back(pipe.relay({.bufferSize = 65536}, {.bufferSize = 65536}));
    auto& process = pipe.connector().process();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    const std::string payload(kMoreThanBuffersHold, 'x');
    for (auto& [visitor, agent] : relays)
        BOOST_TEST(agent.sendSome(payload) < payload.size());
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
}

BOOST_DATA_TEST_CASE(KernelKeepsLittleForAStuckReceiver, kModes, mode) {
    constexpr std::size_t kUnsent = 65536;
    constexpr std::size_t kOneMore = 128 * 1024; // the kernel looks at the limit before it takes a piece
    const OpenPublicPipe pipe(mode, {.limits = {{"unsent", kUnsent}}});
    auto [visitor, agent] = pipe.relay();
    const std::string payload(kMoreThanBuffersHold, 'x');
    BOOST_TEST(agent.sendSome(payload) < payload.size());
    const auto kept = unacknowledgedBytes(pipe.mapping().port2, visitor.localPort());
    BOOST_TEST(kept > 0U);
    BOOST_TEST(kept <= kUnsent + kOneMore);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
