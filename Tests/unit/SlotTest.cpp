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

/// The connection of an agent of PIPE/2: keeps what has come behind the answer, and stops the loop.
class Session final : public AuthorizedDialer::Owner {
  public:
    explicit Session(EventLoop& loop) : _loop(loop) {}
    void onAuthorized(std::unique_ptr<SocketStream> stream, const Authorization& said,
                      std::span<const std::byte> received) override {
        authorization = said;
        payload.assign(reinterpret_cast<const char*>(received.data()), received.size());
        _loop.destroyLater(std::move(stream));
        _loop.stop();
    }
    void onNotAuthorized(const std::string& why, const std::string&) override {
        lost = why;
        _loop.stop();
    }
    Authorization authorization;
    std::string payload;
    std::string lost;

  private:
    EventLoop& _loop;
};

/// What dials in the last turn that there is, and somebody who waits for the next.
struct LastTurn {
    explicit LastTurn(bool isPipe2)
        : dial{.loop = loop,
               .resolver = resolver,
               .connectors = {Remote("127.0.0.1", connector.address().port(), nullptr)},
               .greeting = "passcode",
               .isPipe2 = isPipe2,
               .turns = {},
               .random = std::minstd_rand(1)} {
        for (std::size_t taken = 1; taken < DialTurns::kTurns; ++taken)
            dial.turns.request(others);
    }

    /// What dials is authorized with this, in one packet.
    template <class Dials>
    void answer(Dials& dials, const std::string& text) {
        dials.dial();
        others.hadTurn = false;
        dial.turns.request(others);
        auto accepted = connector.acceptConnection();
        accepted.sendBytes(text.data(), static_cast<int>(text.size()));
        loop.run();
    }

    EventLoop loop;
    Resolver resolver{loop};
    Poco::Net::ServerSocket connector{Poco::Net::SocketAddress("127.0.0.1", 0)};
    DialShared dial;
    ScratchWriter others{loop};
};

} // namespace

BOOST_AUTO_TEST_SUITE(Slot)

/// The next one's turn comes when this one is authorized.
BOOST_AUTO_TEST_CASE(what_comes_with_authorized_is_not_overwritten_in_pipe1) {
    LastTurn last(/*isPipe2*/ false);
    SlotShared shared{.dial = last.dial,
                      .beatInterval = std::chrono::seconds(5),
                      .absenceThreshold = std::chrono::seconds(10),
                      .heldPayload = 65536};
    Pipe pipe(last.loop);
    connector::Slot slot(shared, pipe);
    last.answer(slot, "AUTHORIZEDhello");
    BOOST_TEST(pipe.lost == "");
    BOOST_TEST(pipe.payload == "hello");
    BOOST_TEST(last.others.hadTurn);
}

BOOST_AUTO_TEST_CASE(what_comes_with_authorized_is_not_overwritten_in_pipe2) {
    LastTurn last(/*isPipe2*/ true);
    Session session(last.loop);
    AuthorizedDialer dialer(last.dial, session);
    last.answer(dialer, "AUTHORIZED/2 heartbeat=3000 connections=4 streams=5\nPRI *");
    BOOST_TEST(session.lost == "");
    BOOST_TEST(session.authorization.heartbeat.count() == 3000);
    BOOST_TEST(session.authorization.connections == 4);
    BOOST_TEST(session.authorization.streams == 5);
    BOOST_TEST(session.payload == "PRI *");
    BOOST_TEST(last.others.hadTurn);
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_ends_the_attempt) {
    for (const std::string answer :
         {"HTTP/1.1 400 Bad Request\r\n\r\n", "AUTHORIZED\n", "AUTHORIZED/2 x\n"}) {
        LastTurn last(/*isPipe2*/ true);
        Session session(last.loop);
        AuthorizedDialer dialer(last.dial, session);
        last.answer(dialer, answer);
        BOOST_TEST(session.lost == "what answers is no Connector, or speaks TLS where --plain was given",
                   answer);
    }
}

BOOST_AUTO_TEST_CASE(a_line_without_an_end_ends_the_attempt) {
    LastTurn last(/*isPipe2*/ true);
    Session session(last.loop);
    AuthorizedDialer dialer(last.dial, session);
    last.answer(dialer, "AUTHORIZED/2 " + std::string(300, 'x'));
    BOOST_TEST(session.lost == "what answers is no Connector, or speaks TLS where --plain was given");
}

BOOST_AUTO_TEST_SUITE_END()
