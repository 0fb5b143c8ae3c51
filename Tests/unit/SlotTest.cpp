#include "agent/Slot.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace connector;

/// Receives into the loop's scratch buffer in its turn, as a slot may.
class ScratchWriter final : public DialTurns::Waiter {
  public:
    explicit ScratchWriter(EventLoop& loop) : _loop(loop) {}
    void onTurn() override {
        std::fill(_loop.scratch().begin(), _loop.scratch().end(), std::byte{'x'});
        hadTurn = true;
    }
    bool hadTurn = false;

  private:
    EventLoop& _loop;
};

/// A pipe of one slot: keeps what Connector has begun with, or why the slot was lost, and stops the loop.
class Pipe final : public Slot::Owner {
  public:
    explicit Pipe(EventLoop& loop) : _loop(loop) {}
    void onWaiting(Slot&) override {}
    void onHolding(Slot& slot) override {
        const auto end = slot.take();
        const auto held = end.held.bytes();
        payload.assign(reinterpret_cast<const char*>(held.data()), held.size());
        _loop.stop();
    }
    void onLost(Slot&, const std::string& why) override {
        lost = why;
        _loop.stop();
    }
    std::string payload;
    std::string lost;

  private:
    EventLoop& _loop;
};

/// One slot whose turn is the last one there is, and somebody who waits for the next.
struct SlotWithLastTurn {
    explicit SlotWithLastTurn(Protocol protocol)
        : shared{.loop = loop,
                 .resolver = resolver,
                 .connector = Remote("127.0.0.1", connector.address().port(), nullptr),
                 .protocol = protocol,
                 .passcode = "passcode",
                 .beatInterval = std::chrono::seconds(5),
                 .absenceThreshold = std::chrono::seconds(10),
                 .heldPayload = 65536,
                 .turns = {},
                 .random = std::minstd_rand(1)} {
        for (std::size_t taken = 1; taken < DialTurns::kTurns; ++taken)
            shared.turns.request(others);
        slot.dial();
        others.hadTurn = false;
        shared.turns.request(others);
    }

    /// The slot is authorized with this, in one packet.
    void answer(const std::string& text) {
        auto accepted = connector.acceptConnection();
        accepted.sendBytes(text.data(), static_cast<int>(text.size()));
        loop.run();
    }

    EventLoop loop;
    Resolver resolver{loop};
    Poco::Net::ServerSocket connector{Poco::Net::SocketAddress("127.0.0.1", 0)};
    SlotShared shared;
    Pipe pipe{loop};
    ScratchWriter others{loop};
    Slot slot{shared, pipe};
};

} // namespace

BOOST_AUTO_TEST_SUITE(Slot)

/// The next slot's turn comes when this one is authorized.
BOOST_AUTO_TEST_CASE(what_comes_with_authorized_is_not_overwritten_in_pipe2) {
    SlotWithLastTurn one(Protocol::Pipe2);
    one.answer("AUTHORIZED/2 heartbeat=0\nOPEN 192.0.2.1:80 5\nhello");
    BOOST_TEST(one.pipe.lost == "");
    BOOST_TEST(one.pipe.payload == "hello");
    BOOST_TEST(one.others.hadTurn);
}

BOOST_AUTO_TEST_CASE(what_comes_with_authorized_is_not_overwritten_in_pipe1) {
    SlotWithLastTurn one(Protocol::Pipe1);
    one.answer("AUTHORIZEDhello");
    BOOST_TEST(one.pipe.lost == "");
    BOOST_TEST(one.pipe.payload == "hello");
    BOOST_TEST(one.others.hadTurn);
}

BOOST_AUTO_TEST_CASE(what_comes_behind_the_first_bytes_is_kept_with_them) {
    SlotWithLastTurn one(Protocol::Pipe2);
    one.answer("AUTHORIZED/2 heartbeat=0\nOPEN 192.0.2.1:80 5\nhello, world");
    BOOST_TEST(one.pipe.lost == "");
    BOOST_TEST(one.pipe.payload == "hello, world");
}

BOOST_AUTO_TEST_SUITE_END()
