#include "Http2Peer.h"
#include "OpenPipe.h"
#include "Skipping.h"
#include "Waiting.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdlib>
#include <net/if.h>
#include <optional>
#include <string>
#include <tuple>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
constexpr const char* kNode = "127.0.0.5";
constexpr const char* kOtherNode = "127.0.0.6";

/// What an agent does when its node loses its power.
enum class Work { Waits, IsInRelay, SpeaksPipe2 };
constexpr std::array kWorks{Work::Waits, Work::IsInRelay, Work::SpeaksPipe2};
std::ostream& operator<<(std::ostream& out, Work work) {
    constexpr std::array names{"waits", "is in a relay", "speaks PIPE/2"};
    return out << names.at(static_cast<std::size_t>(work));
}

/// As Tests/isolated.sh makes it.
bool hasNothingButLoopback() {
    auto* interfaces = ::if_nameindex();
    int count = 0;
    while (interfaces && interfaces[count].if_name)
        ++count;
    ::if_freenameindex(interfaces);
    return count == 1;
}

/// While it lives, nothing that is sent to an address of loopback arrives, and nobody is told so.
class LostNode {
  public:
    explicit LostNode(const char* address)
        : _route(std::string("ip route add table local blackhole ") + address + "/32 2>/dev/null"),
          _back(std::string("ip route del table local blackhole ") + address + "/32 2>/dev/null"),
          _isLost(std::system(_route.c_str()) == 0) {}
    ~LostNode() {
        if (_isLost) std::ignore = std::system(_back.c_str());
    }
    LostNode(const LostNode&) = delete;
    LostNode& operator=(const LostNode&) = delete;

    bool isLost() const { return _isLost; }

    /// Only in a network of its own may a test do so, and with the right to.
    static bool isPossible() {
        if (hasNothingButLoopback() && LostNode("127.0.0.99").isLost()) return true;
        skipTest("no network of its own, or no right to change its routes");
        return false;
    }

  private:
    const std::string _route;
    const std::string _back;
    const bool _isLost;
};

/// The only place of a mapping is an agent's, which works.
class TakenPlace {
  public:
    TakenPlace(const OpenPublicPipe& pipe, Work work) {
        const ConnectOptions fromNode{.from = kNode};
        if (work == Work::Waits)
            _agent.emplace(pipe.waitingAgent(fromNode));
        else if (work == Work::IsInRelay)
            _relay.emplace(pipe.relay({}, fromNode));
        else
            _peer.emplace(pipe.connector().connect(pipe.mapping().port1, fromNode), pipe.mapping().passcode1,
                          PipeRole::Serves);
    }

    bool isAlive() {
        if (_agent) return answersBeat(*_agent);
        if (_relay) return areJoined(_relay->first, _relay->second);
        _peer->roundTrip();
        return true;
    }

  private:
    std::optional<PipeClient> _agent;
    std::optional<std::pair<PipeClient, PipeClient>> _relay;
    std::optional<Http2Peer> _peer;
};

} // namespace

BOOST_AUTO_TEST_SUITE(DeadAgent)

BOOST_DATA_TEST_CASE(GivesItsPlaceToOneThatLives, bdata::make(kModes) * bdata::make(kWorks), mode, work) {
    if (!LostNode::isPossible()) return;
    const OpenPublicPipe pipe(mode, {.maxConnections = 1});
    const TakenPlace place(pipe, work);
    const LostNode lost(kNode);
    BOOST_REQUIRE(lost.isLost());
    const auto successor = pipe.agent1({.from = kOtherNode});
}

BOOST_DATA_TEST_CASE(ThatLivesKeepsItsPlace, bdata::make(kModes) * bdata::make(kWorks), mode, work) {
    const OpenPublicPipe pipe(mode, {.maxConnections = 1});
    TakenPlace place(pipe, work);
    auto second = pipe.connector().connect(pipe.mapping().port1, {.from = kOtherNode});
    second.send(pipe.mapping().passcode1);
    BOOST_TEST(isClosedUnanswered(second));
    BOOST_TEST(place.isAlive());
}

/// Nobody wants its place.
BOOST_DATA_TEST_CASE(IsNoticedByKeepalive, kModes, mode) {
    if (!LostNode::isPossible()) return;
    const OpenPublicPipe pipe(
        mode, {.limits = {{"keepalive-idle", 1000}, {"keepalive-interval", 1000}, {"user-timeout", 2000}}});
    const auto agent = pipe.waitingAgent({.from = kNode});
    const LostNode lost(kNode);
    pipe.waitFor("agentswaiting", 0);
}

/// The kernel gives up both of them after the same time, if it is left alone.
BOOST_DATA_TEST_CASE(IsToldFromOneThatTakesNothing, kModes, mode) {
    constexpr std::size_t kSome = 1U << 20U;
    if (!LostNode::isPossible()) return;
    const OpenPublicPipe pipe(mode, {.limits = {{"user-timeout", 2000}, {"slow-peer", kNever}}});
    auto [visitor, slow] = pipe.relay({}, {.bufferSize = 4096, .from = kOtherNode});
    visitor.sendSome(std::string(kMoreThanBuffersHold, 'x'));
    pipe.waitUntilRelaysStall();
    for (int round = 0; round < 2; ++round) {
        auto [other, dead] = pipe.relay({}, {.from = kNode});
        const LostNode lost(kNode);
        other.send("whom it may concern");
        BOOST_TEST(other.readToEnd().empty());
    }
    BOOST_TEST(slow.readExactly(kSome) == std::string(kSome, 'x'));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
