#include "Http2Ends.h"

#include "net/PlainStream.h"
#include "relay/Relay.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <numeric>
#include <sys/socket.h>

namespace {

using namespace connector;
using namespace connector::test;
using Role = Http2Session::Role;
using Answer = Http2Stream::Answer;
using Status = Stream::Status;

/// A stream that a peer made by hand has opened, joined to a visitor who has received nothing yet.
class Joined : public Wire {
  public:
    ~Joined() {
        thread.run([this] {
            if (relay && !owner.isOver) relay->abort("the test is over");
            relay.reset();
        });
    }

    /// streamFirst: the order in which the relay looks at the two.
    void join(bool streamFirst) {
        connect(Role::Serves);
        peer->send(Frame{Frame::Headers, Frame::kEndHeaders, 1, fieldBlock(goodRequest())});
        thread.await("the stream", [this] { return !user->arrivals.empty(); });
        auto [one, other] = socketPair();
        ::fcntl(one.get(), F_SETFL, O_NONBLOCK);
        visitor.emplace(std::move(other));
        thread.run([&] { relay = makeRelay(std::move(one), streamFirst); });
    }

    /// All that the visitor receives.
    std::string visitorsBytes() const {
        std::string all;
        std::array<char, 64 * 1024> room{};
        for (;;) {
            const auto bytes = ::recv(visitor->get(), room.data(), room.size(), 0);
            if (bytes <= 0) return all;
            all.append(room.data(), static_cast<std::size_t>(bytes));
        }
    }

    bool isOver() const { return owner.isOver; }

    std::optional<Descriptor> visitor;

  private:
    struct Owner final : Relay::Owner {
        void onSettled(Relay&) override {}
        void onEnded(const std::shared_ptr<Relay>&) override { isOver = true; }
        bool isOver = false;
    };

    std::shared_ptr<Relay> makeRelay(Descriptor socket, bool streamFirst) {
        RelayPeer stream;
        stream.protocol = Protocol::Pipe2;
        stream.stream = std::move(user->arrivals.front().user->stream);
        static_cast<Http2Stream&>(*stream.stream).accept();
        RelayPeer raw;
        raw.stream = std::make_unique<PlainStream>(std::move(socket), Poco::Net::SocketAddress(),
                                                   DescriptorBudget::Lease());
        if (!streamFirst) std::swap(stream, raw);
        auto made = std::make_shared<Relay>(loop, shared, total, std::move(stream), std::move(raw),
                                            static_cast<Relay::Owner&>(owner));
        made->start();
        return made;
    }

    Owner owner;
    EventLoops unused{1};
    RelayShared shared{unused, RelayLimits()};
    PipeTraffic total;
    std::shared_ptr<Relay> relay;
};

/// More than is sent at once, without being kept first.
const std::string kLarge(64 * 1024, 'x');

/// A stream that carries as much as it can, as a relay would.
void carryBulk(StreamUser& from, StreamUser& to, std::size_t& bytes) {
    from.onCall = [&from] {
        static const std::string piece(256 * 1024, 'x');
        if (from.stream->unsent() == 0 && !from.stream->isBroken()) from.stream->send(piece);
    };
    to.onCall = [&to, &bytes] {
        static std::vector<std::byte> room(256 * 1024);
        const auto taken = to.stream->receive(room).bytes;
        bytes += taken;
        if (taken > 0) to.stream->again();
    };
    from.onCall();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(Http2SessionStreams, Sessions)

BOOST_AUTO_TEST_CASE(bytes_go_both_ways_once_a_stream_is_accepted) {
    connect();
    openStreams(1);
    thread.run([&] {
        theirs().stream->accept();
        theirs().stream->send("hello");
        mine().stream->send("hi");
    });
    thread.await("bytes", [&] { return mine().received == "hello" && theirs().received == "hi"; });
    BOOST_TEST(thread.run([&] { return mine().stream->answer() == Answer::Accepted; }));
}

/// A session measures round trips while it carries much; that must not look like a flood at the other end.
BOOST_AUTO_TEST_CASE(bulk_costs_few_pings) {
    constexpr std::size_t kStreams = 8;
    constexpr std::size_t kBytes = std::size_t{512} * 1024 * 1024;
    limits.controlFrames = 20;
    connect();
    openStreams(kStreams);
    std::size_t bytes = 0;
    thread.run([&] {
        for (std::size_t i = 0; i < kStreams; ++i) {
            theirs(i).stream->accept();
            carryBulk(mine(i), theirs(i), bytes);
        }
    });
    thread.await("bulk", [&] { return bytes >= kBytes || opener->ended; });
    BOOST_TEST(thread.run([&] { return opener->ended.value_or(""); }) == "");
    stopAll();
}

/// None is ahead of the others by more than a fifth.
BOOST_AUTO_TEST_CASE(bulk_is_shared_evenly) {
    constexpr std::size_t kStreams = 64;
    constexpr std::size_t kBytes = kStreams * 2 * 1024 * 1024;
    connect();
    openStreams(kStreams);
    std::vector<std::size_t> bytes(kStreams);
    thread.run([&] {
        for (std::size_t i = 0; i < kStreams; ++i) {
            theirs(i).stream->accept();
            carryBulk(mine(i), theirs(i), bytes[i]);
        }
    });
    std::vector<std::size_t> then;
    thread.await("bulk", [&] {
        if (std::accumulate(bytes.begin(), bytes.end(), std::size_t{0}) < kBytes) return false;
        then = bytes;
        return true;
    });
    stopAll();
    const auto [slowest, fastest] = std::minmax_element(then.begin(), then.end());
    BOOST_TEST(*slowest * 10 >= *fastest * 8, "slowest: " << *slowest << ", fastest: " << *fastest);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2SessionBroken, Wire)

BOOST_AUTO_TEST_CASE(a_handler_is_not_called_within_its_own_call_of_send) {
    connect(Role::Opens);
    thread.run([&] {
        streams.push_back(user->open());
        auto& stream = *streams.front();
        stream.onCall = [&] {
            if (stream.stream->isBroken()) return;
            peer->close();
            const auto before = stream.calls;
            stream.stream->send(kLarge);
            BOOST_TEST(stream.calls == before);
        };
        stream.stream->again();
    });
    thread.await("the end", [&] { return user->ended.has_value(); });
}

BOOST_AUTO_TEST_CASE(a_handler_is_not_called_within_a_call_of_send_between_rounds) {
    connect(Role::Opens);
    thread.run([&] {
        streams.push_back(user->open());
        peer->close();
        streams.front()->stream->send(kLarge);
        BOOST_TEST(streams.front()->calls == 0);
    });
    thread.await("the end", [&] { return user->ended.has_value(); });
    BOOST_TEST(thread.run([&] { return streams.front()->stream->answer() == Answer::NotProcessed; }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2SessionOwner, Wire)

BOOST_AUTO_TEST_CASE(is_not_told_that_streams_are_destroyed_that_it_never_had) {
    connect(Role::Serves);
    peer->send(Frame{Frame::Headers, Frame::kEndHeaders, 1,
                     fieldBlock({{":method", "CONNECT"}, {":authority", "somewhere:80"}})});
    BOOST_TEST(peer->fieldsOf(peer->readUntil(Frame::Headers))[":status"] == "400");
    BOOST_TEST(thread.run([&] { return user->destroyed; }) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2SessionFloods, Wire)

/// It is the stream that is wrong, not the session.
BOOST_AUTO_TEST_CASE(are_noticed_after_a_stream_that_was_wrong) {
    limits.controlFrames = 1;
    connect(Role::Serves);
    peer->send(Frame{Frame::Headers, Frame::kEndHeaders, 1, fieldBlock({{":nonsense", "x"}})});
    peer->readUntil(Frame::ResetStream);
    for (int i = 0; i < 100; ++i)
        peer->send(Frame{Frame::Ping, 0, 0, "12345678"});
    BOOST_TEST(peer->readUntil(Frame::GoAway).number() == NGHTTP2_ENHANCE_YOUR_CALM);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2SessionStart, Wire)

/// Of what comes along with the answer to the greeting.
BOOST_AUTO_TEST_CASE(keeps_bytes_that_had_come_before_it) {
    auto [one, other] = socketPair();
    peer.emplace(std::move(other));
    thread.run([&] {
        user = makeUser(std::move(one), Role::Serves);
        user->onConnecting = [&](auto stream, const auto&) {
            streams.push_back(std::make_unique<StreamUser>(loop, std::move(stream)));
            streams.front()->takes = false;
        };
        std::string received =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame{Frame::Settings, 0, 0, ""}.toString() +
            Frame{Frame::Headers, Frame::kEndHeaders, 1, fieldBlock(goodRequest())}.toString() +
            Frame{Frame::Data, 0, 1, "hello"}.toString();
        user->session->start(std::as_bytes(std::span(received)));
        received.assign(received.size(), 'x');
    });
    thread.run([&] { streams.front()->take(); });
    thread.await("bytes", [&] { return streams.front()->received == "hello"; });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2SessionRelays, Joined)

BOOST_AUTO_TEST_CASE(what_came_before_a_reset_is_delivered) {
    for (const bool streamFirst : {false, true}) {
        Joined joined;
        joined.join(streamFirst);
        joined.peer->send(Frame{Frame::Data, 0, 1, "hello"}.toString() +
                          Frame{Frame::ResetStream, 0, 1, bigEndian(NGHTTP2_CANCEL)}.toString());
        BOOST_TEST(joined.visitorsBytes() == "hello", "the stream is first: " << streamFirst);
    }
}

BOOST_AUTO_TEST_CASE(what_came_on_a_stream_that_ended_is_delivered_though_the_session_ends) {
    join(/*streamFirst*/ true);
    ::shutdown(visitor->get(), SHUT_WR);
    while (!peer->readUntil(Frame::Data).endsStream()) {
    }
    constexpr std::size_t kFrames = 16; // more than the visitor's socket takes
    const std::string part(16 * 1024, 'y');
    for (std::size_t i = 1; i <= kFrames; ++i)
        peer->send(Frame{Frame::Data, i == kFrames ? Frame::kEndStream : std::uint8_t{0}, 1, part});
    peer->endSending();
    thread.await("the session's end", [this] { return user->ended.has_value(); });
    BOOST_TEST(visitorsBytes().size() == kFrames * part.size());
}

BOOST_AUTO_TEST_CASE(survive_that_the_connection_breaks_while_they_send) {
    join(/*streamFirst*/ true);
    thread.run([this] {
        while (::send(visitor->get(), kLarge.data(), kLarge.size(), MSG_DONTWAIT) > 0) {
        }
        peer->close();
    });
    thread.await("the relay's end", [this] { return isOver(); });
}

BOOST_AUTO_TEST_SUITE_END()
