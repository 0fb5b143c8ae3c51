#include "Http2Ends.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

namespace {

using namespace connector;
using namespace connector::test;
using Role = Http2Session::Role;
using Status = Stream::Status;

constexpr std::size_t kFirstWindow = 256 * 1024;
constexpr std::size_t kLeastWindow = 64 * 1024;
constexpr std::uint8_t kMostStreams = 3; // SETTINGS_MAX_CONCURRENT_STREAMS

std::string request(std::uint32_t stream) {
    return Frame{Frame::Headers, Frame::kEndHeaders, stream, fieldBlock(goodRequest())}.toString();
}

Frame reset(std::uint32_t stream) {
    return {Frame::ResetStream, 0, stream, bigEndian(NGHTTP2_CANCEL)};
}

const Frame kPing{Frame::Ping, 0, 0, "12345678"};

/// A session whose peer floods it.
struct Flooded : Wire {
    Flooded() {
        limits.controlFrames = 1;
        limits.resets = 5;
        connect(Role::Serves);
        peer->send(request(1));
        thread.await("the stream", [this] { return !user->arrivals.empty(); });
    }

    void flood(const std::string& frame, int times) {
        std::string all;
        for (int i = 0; i < times; ++i)
            all += frame;
        peer->send(all);
    }

    void checkThatItEnds(const std::string& why) {
        BOOST_TEST(peer->readUntil(Frame::GoAway).number() == NGHTTP2_ENHANCE_YOUR_CALM);
        BOOST_TEST(peer->readAll().empty()); // the end of the connection is said, too
        peer->close();
        thread.await("the end", [this] { return user->ended.has_value(); });
        BOOST_TEST(thread.run([this] { return *user->ended; }) == why);
        BOOST_TEST(thread.run([this] { return user->arrivals.front().user->stream->isBroken(); }));
    }
};

/// Where bytes go that are not acknowledged.
class NeverAcknowledges final : public Stream {
  public:
    explicit NeverAcknowledges(const StreamUser& user) : _user(user) {}

    int unacknowledged() const override { return static_cast<int>(_user.received.size()); }

    bool attach(EventLoop&, StreamHandler&) override { return true; }
    void detach() override {}
    void again() override {}
    Received receive(std::span<std::byte>) override { return {Status::Blocked, 0}; }
    Status send(std::span<const std::byte>) override { return Status::Ok; }
    Status sendMessages(std::span<const std::byte>, std::span<const std::uint32_t>) override {
        return Status::Ok;
    }
    Status flush() override { return Status::Ok; }
    std::size_t unsent() const override { return 0; }
    Status endSending() override { return Status::Ok; }
    void resetOnClose() override {}
    bool isBroken() const override { return false; }
    std::string failure() const override { return ""; }
    const Poco::Net::SocketAddress& peer() const override { return _address; }

  private:
    const StreamUser& _user;
    Poco::Net::SocketAddress _address;
};

/// A session whose peer sends as much as it may on one stream.
struct Sending : Wire {
    Sending() {
        connect(Role::Serves);
        peer->readUntil(Frame::Settings); // of which the first window is one
        peer->send(request(1));
        thread.await("the stream", [this] { return !user->arrivals.empty(); });
        thread.run([this] { receiver().stream->accept(); });
    }

    StreamUser& receiver() { return *user->arrivals.front().user; }

    /// Sends until it has sent so much or the condition holds.
    void send(std::size_t bytes, const std::function<bool()>& condition) {
        static const std::string piece(16 * 1024, 'x');
        const auto end = sent + bytes;
        while (sent < end && !condition()) {
            while (credit == 0)
                read();
            const auto length = std::min(credit, piece.size());
            peer->send(Frame{Frame::Data, 0, 1, piece.substr(0, length)});
            credit -= length;
            sent += length;
        }
    }

    void read() {
        const auto frame = peer->read();
        BOOST_REQUIRE(frame.has_value());
        if (frame->type == Frame::Ping) peer->send(Frame{Frame::Ping, Frame::kAck, 0, frame->payload});
        if (frame->type == Frame::WindowUpdate && frame->stream == 1) credit += frame->number();
        most = std::max(most, credit);
    }

    std::size_t credit = kFirstWindow;
    std::size_t sent = 0;
    std::size_t most = 0; ///< credit that it was seen to have
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(Http2Windows, Sending)

BOOST_AUTO_TEST_CASE(grow_with_what_is_acknowledged) {
    constexpr std::size_t kMuch = std::size_t{256} * 1024 * 1024;
    send(kMuch, [this] { return most > kFirstWindow; });
    BOOST_TEST(most > kFirstWindow);
}

BOOST_AUTO_TEST_CASE(do_not_grow_with_what_is_not_acknowledged) {
    NeverAcknowledges slow(receiver());
    thread.run([&] { receiver().stream->deliversTo(slow); });
    send(32 * kFirstWindow, [] { return false; });
    BOOST_TEST(most <= kFirstWindow);
    thread.run([&] { user->arrivals.clear(); });
}

BOOST_AUTO_TEST_CASE(shrink_while_there_are_too_many_bytes_in_memory) {
    buffered.add(kMostBuffered);
    send(kFirstWindow, [] { return false; });
    most = 0;
    send(8 * kFirstWindow, [] { return false; });
    buffered.remove(kMostBuffered);
    BOOST_TEST(most > 0U);
    BOOST_TEST(most <= kLeastWindow);
}

BOOST_AUTO_TEST_CASE(are_no_larger_than_the_peer_was_told) {
    thread.run([&] { receiver().takes = false; });
    send(kFirstWindow, [] { return false; });
    peer->send(Frame{Frame::Data, 0, 1, "x"}); // one more
    BOOST_TEST(peer->readUntil(Frame::ResetStream).number() == NGHTTP2_FLOW_CONTROL_ERROR);
    thread.await("the reset", [this] { return receiver().stream->isBroken(); });
    thread.run([this] { receiver().take(); });
    thread.await("the end", [this] { return receiver().end == Status::Failed; });
    BOOST_TEST(isNothingBuffered());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2FloodOf, Flooded)

BOOST_AUTO_TEST_CASE(ping) {
    flood(kPing.toString(), 20);
    checkThatItEnds("it sent too many frames of PING, SETTINGS, PRIORITY or GOAWAY");
}

BOOST_AUTO_TEST_CASE(settings) {
    flood(Frame{Frame::Settings, 0, 0, ""}.toString(), 20);
    checkThatItEnds("it sent too many frames of PING, SETTINGS, PRIORITY or GOAWAY");
}

BOOST_AUTO_TEST_CASE(priority) {
    flood(Frame{Frame::Priority, 0, 1, std::string(5, '\0')}.toString(), 20);
    checkThatItEnds("it sent too many frames of PING, SETTINGS, PRIORITY or GOAWAY");
}

BOOST_AUTO_TEST_CASE(data_with_nothing_in_it) {
    flood(Frame{Frame::Data, 0, 1, ""}.toString(), 20);
    checkThatItEnds("it sent too many frames of DATA with nothing in them");
}

BOOST_AUTO_TEST_CASE(resets) {
    std::string all;
    for (std::uint32_t id = 3; id < 43; id += 2)
        all += request(id) + reset(id).toString();
    peer->send(all);
    checkThatItEnds("it sent too many frames of RST_STREAM");
}

BOOST_AUTO_TEST_CASE(window_updates) {
    flood(Frame{Frame::WindowUpdate, 0, 1, bigEndian(1)}.toString(), 5000);
    checkThatItEnds("it sent too many frames of WINDOW_UPDATE");
}

BOOST_AUTO_TEST_CASE(header_fields) {
    auto fields = goodRequest();
    fields.emplace_back("x-much", std::string(9000, 'x'));
    peer->send(Frame{Frame::Headers, Frame::kEndHeaders, 3, fieldBlock(fields)});
    checkThatItEnds("it sent more header fields than fit into 8192 bytes");
}

/// Whatever comes behind it, even in the same packet.
BOOST_AUTO_TEST_CASE(data_with_nothing_in_it_and_a_malformed_frame_behind_it) {
    std::string all;
    for (int i = 0; i < 20; ++i)
        all += Frame{Frame::Data, 0, 1, ""}.toString();
    peer->send(all + Frame{Frame::Ping, 0, 0, "short"}.toString());
    checkThatItEnds("it sent too many frames of DATA with nothing in them");
}

/// The session can't tell it anything, and does not wait for that.
BOOST_AUTO_TEST_CASE(ping_by_a_peer_that_does_not_read) {
    thread.run([this] {
        auto& stream = *user->arrivals.front().user->stream;
        stream.accept();
        stream.send(std::string(std::size_t{4} * 1024 * 1024, 'x'));
    });
    peer->send(Frame{Frame::WindowUpdate, 0, 0, bigEndian(1 << 30)});
    peer->send(Frame{Frame::WindowUpdate, 0, 1, bigEndian(1 << 30)});
    flood(kPing.toString(), 20);
    thread.await("the end", [this] { return user->ended.has_value(); });
    BOOST_TEST(thread.run([this] { return *user->ended; }) ==
               "it sent too many frames of PING, SETTINGS, PRIORITY or GOAWAY");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2MostStreams, Sessions)

BOOST_AUTO_TEST_CASE(of_the_peer_are_known_and_more_of_them_wait) {
    limits.concurrentStreams = 2;
    connect();
    thread.await("SETTINGS", [this] { return !opener->mostStreams.empty(); });
    BOOST_TEST(thread.run([this] { return opener->mostStreams.front(); }) == 2U);
    thread.run([this] {
        for (int i = 0; i < 3; ++i) {
            streams.push_back(opener->open());
            streams.back()->stream->send("hello");
        }
    });
    thread.await("arrival",
                 [this] { return server->arrivals.size() == 2U && theirs(1).received == "hello"; });
    thread.run([this] { streams.erase(streams.begin()); });
    thread.await("the third", [this] { return server->arrivals.size() == 3U; });
    thread.await("its first bytes", [this] { return theirs(2).received == "hello"; });
    BOOST_TEST(!thread.run([this] { return opener->ended || server->ended; }));
}

BOOST_AUTO_TEST_CASE(a_stream_that_waits_may_be_destroyed) {
    limits.concurrentStreams = 1;
    connect();
    thread.await("SETTINGS", [this] { return !opener->mostStreams.empty(); });
    thread.run([this] {
        for (int i = 0; i < 3; ++i)
            streams.push_back(opener->open());
    });
    thread.await("arrival", [this] { return server->arrivals.size() == 1U; });
    thread.run([this] {
        streams.erase(streams.begin() + 1);
        streams.back()->stream->send("last");
        streams.erase(streams.begin());
    });
    thread.await("the last",
                 [this] { return server->arrivals.size() == 2U && theirs(1).received == "last"; });
    BOOST_TEST(thread.run([this] { return opener->destroyed; }) == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2MostStreamsByHand, Wire)

BOOST_AUTO_TEST_CASE(are_those_of_the_last_settings) {
    connect(Role::Opens);
    peer->send(Frame{Frame::Settings, 0, 0, std::string{'\0', kMostStreams} + bigEndian(7)});
    thread.await("SETTINGS", [this] { return !user->mostStreams.empty() && user->mostStreams.back() == 7U; });
}

BOOST_AUTO_TEST_CASE(one_too_many_is_refused_when_the_peer_may_not_know) {
    limits.concurrentStreams = 1;
    connect(Role::Serves);
    peer->send(request(1) + request(3));
    BOOST_TEST(peer->readUntil(Frame::ResetStream).number() == NGHTTP2_REFUSED_STREAM);
    BOOST_TEST(thread.run([this] { return user->arrivals.size(); }) == 1U);
}

BOOST_AUTO_TEST_CASE(one_too_many_ends_the_session_when_the_peer_knows) {
    limits.concurrentStreams = 1;
    connect(Role::Serves);
    peer->readUntil(Frame::Settings); // and acknowledges it
    peer->send(request(1) + request(3));
    BOOST_TEST(peer->readUntil(Frame::GoAway).payload.substr(4, 4) == bigEndian(NGHTTP2_PROTOCOL_ERROR));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(Http2Silence, Wire)

BOOST_AUTO_TEST_CASE(is_asked_about) {
    liveness.pingAfter = std::chrono::milliseconds(5);
    connect(Role::Serves);
    const auto ping = peer->readUntil(Frame::Ping);
    BOOST_TEST(!ping.isAck());
    BOOST_TEST(ping.payload == std::string("life\0\0\0\0", 8));
}

BOOST_AUTO_TEST_CASE(for_too_long_ends_the_session) {
    liveness.pingAfter = std::chrono::milliseconds(5);
    liveness.absenceThreshold = std::chrono::milliseconds(20);
    connect(Role::Serves);
    thread.await("the end", [this] { return user->ended.has_value(); });
    BOOST_TEST(thread.run([this] { return *user->ended; }) == "it was silent for 20 ms");
}

BOOST_AUTO_TEST_CASE(is_none_when_the_peer_answers) {
    liveness.pingAfter = std::chrono::milliseconds(1);
    liveness.absenceThreshold = std::chrono::minutes(5);
    connect(Role::Serves);
    for (int i = 0; i < 100; ++i) {
        const auto ping = peer->readUntil(Frame::Ping);
        peer->send(Frame{Frame::Ping, Frame::kAck, 0, ping.payload});
    }
    BOOST_TEST(!thread.run([this] { return user->ended.has_value(); }));
}

BOOST_AUTO_TEST_SUITE_END()
