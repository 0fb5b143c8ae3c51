#include "RandomStream.h"
#include "TestAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr std::uint64_t kMebibyte = 1U << 20U;
constexpr std::uint64_t kSeed = 9;
const std::uint64_t kMuch = scaled(16 * kMebibyte);
/// More than is kept of a conversation whose receiver takes nothing.
constexpr std::size_t kMoreThanIsKept = 8U << 20U;

const auto kEverySide = bdata::make(kModes) * bdata::make(kSides);

/// Conversations from this side, on one connection of either side.
class Service {
  public:
    Service(Mode mode, Side side, const PipeOptions& options = {})
        : pipe(mode, options), opener(openingAgent(pipe, side)), agent(servingAgent(pipe, opposite(side))) {}

    struct Conversation {
        Http2Stream from;
        Http2Stream to;
    };

    Conversation talk(const std::string& visitor = "192.0.2.7:51234") {
        auto from = opener.open(visitor);
        auto to = agent.nextRequest();
        to.answer();
        return {from, to};
    }

    OpenPrivatePipe pipe;
    Http2Peer opener;
    Http2Peer agent;
};

/// Random bytes both ways through all of them at once.
void fillBothWays(std::vector<Service::Conversation>& conversations, std::uint64_t bytesEachWay) {
    std::vector<std::future<void>> work;
    std::uint64_t seed = kSeed;
    for (auto& [from, to] : conversations) {
        seed += 2;
        work.push_back(startSending(from, seed, bytesEachWay));
        work.push_back(startSending(to, seed + 1, bytesEachWay));
        work.push_back(startReceiving(to, seed, bytesEachWay));
        work.push_back(startReceiving(from, seed + 1, bytesEachWay));
    }
    for (auto& each : work)
        each.get();
}

} // namespace

/// Many conversations on one connection.
BOOST_AUTO_TEST_SUITE(Pipe2PrivateStreams)

BOOST_DATA_TEST_CASE(ManyConversationsShareAConnection, kEverySide, mode, side) {
    constexpr int kConversations = 200;
    Service service(mode, side);
    std::vector<Http2Stream> openers;
    for (int port = 1; port <= kConversations; ++port)
        openers.push_back(
            service.opener.open("192.0.2.7:" + std::to_string(port), std::to_string(port) + "\n"));
    std::vector<Http2Stream> called;
    for (int number = 0; number < kConversations; ++number) {
        called.push_back(service.agent.nextRequest());
        called.back().answer();
        const auto port = called.back().readThrough("\n");
        BOOST_TEST("192.0.2.7:" + port == called.back().visitor() + "\n");
        called.back().send("you are at " + port);
    }
    for (int port = 1; port <= kConversations; ++port)
        BOOST_TEST(openers[static_cast<std::size_t>(port - 1)].readThrough("\n") ==
                   "you are at " + std::to_string(port) + "\n");
    service.pipe.waitFor("relays", kConversations);
    for (auto& stream : openers)
        stream.finishSending();
    for (auto& stream : called)
        stream.finishSending();
    service.opener.awaitOpenStreams(0);
    service.agent.awaitOpenStreams(0);
    service.pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(RandomDataBothWaysOnManyStreams, kEverySide, mode, side) {
    Service service(mode, side);
    std::vector<Service::Conversation> conversations;
    for (int number = 0; number < 8; ++number)
        conversations.push_back(service.talk());
    fillBothWays(conversations, kMuch);
}

/// In either direction.
BOOST_DATA_TEST_CASE(StuckStreamHoldsUpNoOther, kEverySide, mode, side) {
    Service service(mode, side);
    const std::string payload(kMoreThanIsKept, 'x');
    auto first = service.talk();
    BOOST_TEST(first.from.sendSome(payload) < payload.size());
    auto second = service.talk();
    BOOST_TEST(second.to.sendSome(payload) < payload.size());
    std::vector<Service::Conversation> others{service.talk(), service.talk()};
    fillBothWays(others, kMuch);
    service.opener.roundTrip();
    service.agent.roundTrip();
}

/// They cost little more than what they are made of.
BOOST_DATA_TEST_CASE(TenThousandIdleStreams, kModes, mode) {
    constexpr std::uint64_t kEach = 4096;
    const auto streams = scaled(10000);
    Service service(mode, Side::Port1);
    auto& process = service.pipe.connector().process();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    std::vector<Http2Stream> openers;
    for (std::uint64_t number = 0; number < streams; ++number)
        openers.push_back(service.opener.open("192.0.2.7:51234", std::to_string(number)));
    std::vector<Service::Conversation> conversations;
    for (auto& from : openers) {
        auto to = service.agent.nextRequest();
        to.answer();
        conversations.push_back({from, to});
    }
    service.pipe.waitFor("relays", static_cast<std::int64_t>(streams));
    if (!isScaledDown()) BOOST_TEST(process.peakMemory() < before + streams * kEach);
    for (std::uint64_t number = 0; number < streams; number += 97) {
        const auto expected = std::to_string(number);
        auto& [from, to] = conversations[number];
        BOOST_TEST_REQUIRE(to.readExactly(expected.size()) == expected);
        BOOST_TEST_REQUIRE(areJoined(from, to));
    }
    service.opener.abort();
    service.agent.awaitOpenStreams(0);
    service.pipe.waitFor("relays", 0);
    auto opener = openingAgent(service.pipe, Side::Port1);
    auto from = opener.open();
    auto to = service.agent.nextRequest();
    to.answer();
    BOOST_TEST(areJoined(from, to));
}

/// What Connector allows is used up; the next one waits in the opener.
BOOST_DATA_TEST_CASE(StreamsBeyondTheAgentsLimitWait, kEverySide, mode, side) {
    constexpr std::uint32_t kMost = 3;
    const OpenPrivatePipe pipe(mode);
    auto opener = openingAgent(pipe, side);
    auto agent = servingAgent(pipe, opposite(side), {.maxConcurrentStreams = kMost});
    std::vector<Http2Stream> from;
    for (std::uint32_t number = 0; number <= kMost; ++number)
        from.push_back(opener.open("192.0.2.7:51234", "a request"));
    std::vector<Http2Stream> to;
    for (std::uint32_t number = 0; number < kMost; ++number) {
        to.push_back(agent.nextRequest());
        to.back().answer();
    }
    opener.roundTrip();
    BOOST_TEST(!agent.hasRequest());
    to.front().finishSending();
    from.front().finishSending();
    auto last = agent.nextRequest();
    last.answer();
    BOOST_TEST(last.readExactly(9) == "a request");
    BOOST_TEST(from.back().status() == 200);
    BOOST_TEST(areJoined(from.back(), last));
}

/// By either end.
BOOST_DATA_TEST_CASE(ConversationsThatBreakAreNoAttack, kEverySide, mode, side) {
    Service service(mode, side);
    const auto conversations = scaled(1500);
    for (std::uint64_t number = 0; number < conversations; ++number) {
        auto talk = service.talk();
        auto& first = number % 2 == 0 ? talk.from : talk.to;
        auto& second = number % 2 == 0 ? talk.to : talk.from;
        first.reset();
        second.awaitReset();
    }
    service.opener.awaitOpenStreams(0);
    service.agent.awaitOpenStreams(0);
    auto talk = service.talk();
    BOOST_TEST(areJoined(talk.from, talk.to));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
