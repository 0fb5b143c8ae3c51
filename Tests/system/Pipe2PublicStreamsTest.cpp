#include "RandomStream.h"
#include "TestAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <list>
#include <thread>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr std::uint64_t kMebibyte = 1U << 20U;
constexpr std::uint64_t kSeed = 7;
constexpr int kSmallBuffer = 65536;
/// So much that not all of it is taken where nothing is received: the kernel's largest buffers on one side of
/// Connector, kSmallBuffer on the other, and a stream's window.
constexpr std::size_t kMoreThanIsKept = 16U << 20U;
const std::uint64_t kMuch = scaled(32 * kMebibyte);

/// Visitors on one connection of an agent.
class Service {
  public:
    explicit Service(Mode mode, const Http2Options& options = {})
        : pipe(mode), agent(servingAgent(pipe, Side::Port1, options)) {}

    struct Conversation {
        PipeClient visitor;
        Http2Stream stream;
    };

    Conversation& talk(const ConnectOptions& options = {}) {
        auto visitor = pipe.visitor(options);
        auto stream = agent.nextRequest();
        stream.answer();
        return _conversations.emplace_back(Conversation{std::move(visitor), stream});
    }

    OpenPublicPipe pipe;
    Http2Peer agent;

  private:
    std::list<Conversation> _conversations;
};

/// A receiver that takes a mebibyte now and then, and always less than is there.
void receiveSlowly(ByteChannel& channel, std::uint64_t seed, std::uint64_t size) {
    RandomStream stream(seed);
    std::string expected;
    for (std::uint64_t received = 0; received < size; received += expected.size()) {
        expected.resize(65536);
        stream.fill(expected);
        BOOST_REQUIRE(channel.readExactly(expected.size()) == expected);
        if (received % kMebibyte == 0) std::this_thread::sleep_for(std::chrono::milliseconds(4));
    }
}

/// Whether not all of it can be sent, in a thread of its own.
std::future<bool> startGettingStuck(ByteChannel& channel, const std::string& payload) {
    return std::async(std::launch::async, [&] { return channel.sendSome(payload) < payload.size(); });
}

/// How much the process may grow, however much it relays.
std::uint64_t allowedGrowth() {
    return (isScaledDown() ? 64 : 32) * kMebibyte;
}

/// Random bytes both ways through all of them at once.
void fillBothWays(std::vector<Service::Conversation*>& conversations, std::uint64_t bytesEachWay) {
    std::vector<std::future<void>> work;
    std::uint64_t seed = kSeed;
    for (auto* each : conversations) {
        seed += 2;
        work.push_back(startSending(each->visitor, seed, bytesEachWay));
        work.push_back(startSending(each->stream, seed + 1, bytesEachWay));
        work.push_back(startReceiving(each->stream, seed, bytesEachWay));
        work.push_back(startReceiving(each->visitor, seed + 1, bytesEachWay));
    }
    for (auto& each : work)
        each.get();
}

} // namespace

/// Many visitors on one connection.
BOOST_AUTO_TEST_SUITE(Pipe2PublicStreams)

BOOST_DATA_TEST_CASE(ManyVisitorsShareAConnection, kModes, mode) {
    constexpr std::size_t kVisitors = 200;
    Service service(mode);
    std::vector<PipeClient> visitors;
    for (std::size_t number = 0; number < kVisitors; ++number) {
        visitors.push_back(service.pipe.visitor());
        visitors.back().send("visitor at " + std::to_string(visitors.back().localPort()) + "\n");
    }
    std::vector<Http2Stream> streams;
    for (std::size_t number = 0; number < kVisitors; ++number)
        streams.push_back(service.agent.nextRequest());
    for (auto& stream : streams) {
        stream.answer();
        const auto port = stream.visitor().substr(std::string("127.0.0.1:").size());
        BOOST_TEST(stream.readThrough("\n") == "visitor at " + port + "\n");
        stream.send("you are at " + port + "\n");
    }
    for (auto& visitor : visitors)
        BOOST_TEST(visitor.readThrough("\n") == "you are at " + std::to_string(visitor.localPort()) + "\n");
    service.pipe.waitFor("relays", kVisitors);
    visitors.clear();
    for (auto& stream : streams)
        stream.finishSending();
    service.agent.awaitOpenStreams(0);
    service.pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(RandomDataBothWaysOnManyStreams, kModes, mode) {
    Service service(mode);
    std::vector<Service::Conversation*> conversations;
    for (int number = 0; number < 8; ++number)
        conversations.push_back(&service.talk());
    fillBothWays(conversations, kMuch);
}

/// The ids of streams grow, and nothing is left of one that has ended.
BOOST_DATA_TEST_CASE(VisitorsComeAndGo, kModes, mode) {
    Service service(mode);
    const auto visitors = scaled(2000);
    for (std::uint64_t number = 0; number < visitors; ++number) {
        auto visitor = service.pipe.visitor();
        visitor.send("a request");
        visitor.finishSending();
        auto stream = service.agent.nextRequest();
        stream.answer();
        BOOST_TEST_REQUIRE(stream.readToEnd() == "a request");
        stream.send("an answer");
        stream.finishSending();
        BOOST_TEST_REQUIRE(visitor.readToEnd() == "an answer");
    }
    service.agent.awaitOpenStreams(0);
    service.pipe.waitFor("relays", 0);
}

/// More than HTTP/2 libraries allow in an attacker.
BOOST_DATA_TEST_CASE(VisitorsThatBreakAreNoAttack, kModes, mode) {
    Service service(mode);
    const auto visitors = scaled(1500);
    for (std::uint64_t number = 0; number < visitors; ++number) {
        auto visitor = service.pipe.visitor();
        visitor.send("x");
        auto stream = service.agent.nextRequest();
        stream.answer();
        if (number % 2 == 0) {
            stream.reset();
        } else {
            visitor.abort();
            stream.awaitReset();
        }
    }
    service.agent.awaitOpenStreams(0);
    auto& talk = service.talk();
    BOOST_TEST(areJoined(talk.visitor, talk.stream));
}

BOOST_DATA_TEST_CASE(StuckVisitorHoldsUpNoOther, kModes, mode) {
    Service service(mode);
    const std::string payload(kMoreThanIsKept, 'x');
    for (int number = 0; number < 3; ++number) {
        auto& stuck = service.talk({.bufferSize = kSmallBuffer});
        BOOST_TEST(stuck.stream.sendSome(payload) < payload.size());
    }
    std::vector<Service::Conversation*> others{&service.talk(), &service.talk()};
    fillBothWays(others, kMuch);
    service.agent.roundTrip();
}

BOOST_DATA_TEST_CASE(StuckStreamHoldsUpNoOther, kModes, mode) {
    Service service(mode);
    const std::string payload(kMoreThanIsKept, 'x');
    for (int number = 0; number < 3; ++number) {
        auto& stuck = service.talk({.bufferSize = kSmallBuffer});
        BOOST_TEST(stuck.visitor.sendSome(payload) < payload.size());
    }
    std::vector<Service::Conversation*> others{&service.talk(), &service.talk()};
    fillBothWays(others, kMuch);
    service.agent.roundTrip();
}

BOOST_DATA_TEST_CASE(StuckConversationsGoOnWhereTheyStopped, kModes, mode) {
    const std::uint64_t size = 64 * kMebibyte;
    Service service(mode);
    auto& talk = service.talk({.bufferSize = kSmallBuffer});
    auto fromAgent = startSending(talk.stream, kSeed, size);
    auto fromVisitor = startSending(talk.visitor, kSeed + 1, size);
    service.pipe.waitUntilRelaysStall();
    auto toAgent = startReceiving(talk.stream, kSeed + 1, size);
    receiveRandom(talk.visitor, kSeed, size);
    for (auto* work : {&fromAgent, &fromVisitor, &toAgent})
        work->get();
}

BOOST_DATA_TEST_CASE(SlowVisitorDoesNotGrowTheProcess, kModes, mode) {
    const auto size = scaled(256) * kMebibyte;
    Service service(mode);
    auto& talk = service.talk({.bufferSize = kSmallBuffer});
    auto& process = service.pipe.connector().process();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    auto sending = startSending(talk.stream, kSeed, size);
    receiveSlowly(talk.visitor, kSeed, size);
    sending.get();
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
}

BOOST_DATA_TEST_CASE(SlowAgentDoesNotGrowTheProcess, kModes, mode) {
    const auto size = scaled(256) * kMebibyte;
    Service service(mode, {.streamWindow = 32U << 20U});
    auto& talk = service.talk();
    auto& process = service.pipe.connector().process();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    auto sending = startSending(talk.visitor, kSeed, size);
    service.agent.pause();
    service.pipe.waitUntilRelaysStall();
    service.agent.resume();
    receiveSlowly(talk.stream, kSeed, size);
    sending.get();
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
}

/// What each stream keeps is bounded, and so is the sum.
BOOST_DATA_TEST_CASE(StuckReceiversDoNotGrowTheProcess, kModes, mode) {
    constexpr int kConversations = 10;
    Service service(mode);
    auto& process = service.pipe.connector().process();
    const std::string payload(kMoreThanIsKept, 'x');
    std::vector<Service::Conversation*> conversations;
    for (int number = 0; number < kConversations; ++number)
        conversations.push_back(&service.talk({.bufferSize = kSmallBuffer}));
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    std::vector<std::future<bool>> work;
    for (auto* each : conversations) {
        work.push_back(startGettingStuck(each->stream, payload));
        work.push_back(startGettingStuck(each->visitor, payload));
    }
    for (auto& each : work)
        BOOST_TEST(each.get());
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
    auto& talk = service.talk();
    BOOST_TEST(areJoined(talk.visitor, talk.stream));
}

/// Everybody leaves at once.
BOOST_DATA_TEST_CASE(DeathOfTheConnectionEndsAllVisitors, kModes, mode) {
    Service service(mode);
    std::vector<Service::Conversation*> conversations;
    for (int number = 0; number < 200; ++number)
        conversations.push_back(&service.talk());
    service.agent.abort();
    for (auto* each : conversations) {
        BOOST_TEST(each->visitor.readToEnd() == "");
        BOOST_TEST(each->visitor.end() == PipeClient::End::Reset);
    }
    service.pipe.waitFor("relays", 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
