#pragma once

#include "http2/Http2Session.h"
#include "net/EventLoops.h"

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace connector::test {

/// A loop with its thread, for tests that look on from another.
class LoopThread {
  public:
    EventLoop& loop() { return _loop; }

    /// Runs the function on the loop and returns what it returns.
    template <typename Function>
    auto run(Function function) {
        auto task = std::make_shared<std::packaged_task<decltype(function())()>>(std::move(function));
        auto result = task->get_future();
        _loop.post([task] { (*task)(); });
        return result.get();
    }

    /// Waits until the condition, which is asked on the loop, holds. The test fails when it doesn't in a
    /// minute.
    void await(const char* what, const std::function<bool()>& condition);

  private:
    EventLoops _loops{1};
    EventLoop& _loop = _loops.next();
};

/// Whoever uses a stream: takes all that comes, unless it is told not to, and remembers it. On the loop.
class StreamUser final : private StreamHandler {
  public:
    StreamUser(EventLoop& loop, std::unique_ptr<Http2Stream> stream_) : stream(std::move(stream_)) {
        stream->attach(loop, *this);
    }

    /// Goes on taking.
    void take() {
        takes = true;
        if (stream) stream->again();
    }

    std::unique_ptr<Http2Stream> stream;
    std::string received;
    /// How what came has ended: Ended or Failed.
    std::optional<Stream::Status> end;
    bool takes = true;
    int calls = 0;
    /// Called instead of taking.
    std::function<void()> onCall;

  private:
    void onReady(Stream& ready) override;
};

/// Whoever uses a session: keeps what it is told. On the loop, as is its construction.
class SessionUser final : public Http2Session::Owner {
  public:
    struct Arrival {
        ConnectRequest request;
        std::unique_ptr<StreamUser> user;
    };

    SessionUser(EventLoop& loop, Descriptor socket, Http2Session::Role role,
                const Http2Session::Liveness& liveness, Http2Session::Context context);
    ~SessionUser();

    void start() { session->start({}); }

    std::unique_ptr<StreamUser> open();

    std::unique_ptr<Http2Session> session; ///< null once it has ended
    std::vector<Arrival> arrivals;         ///< streams that the peer has opened
    std::vector<std::size_t> mostStreams;
    int heard = 0;
    int destroyed = 0;
    int goingAway = 0;
    std::optional<std::string> ended;
    /// Called instead of keeping the stream; and in addition to what is kept.
    std::function<void(std::unique_ptr<Http2Stream>, const ConnectRequest&)> onConnecting;
    std::function<void()> onHearing;
    std::function<void()> onDestroyed;
    std::function<void()> onMost;
    std::function<void()> onGoing;
    std::function<void()> onEnd;

  private:
    void onConnect(std::unique_ptr<Http2Stream> stream, const ConnectRequest& request) override;
    void onHeard() override;
    void onStreamDestroyed() override;
    void onMostStreams(std::size_t streams) override;
    void onGoingAway() override;
    void onEnded(const std::string& why) override;

    EventLoop& _loop;
    int _ends = 0;
};

/// A frame of HTTP/2.
struct Frame {
    enum Type : std::uint8_t {
        Data = 0,
        Headers = 1,
        Priority = 2,
        ResetStream = 3,
        Settings = 4,
        Ping = 6,
        GoAway = 7,
        WindowUpdate = 8,
        Continuation = 9,
    };
    static constexpr std::uint8_t kEndStream = 1; // of HEADERS and DATA
    static constexpr std::uint8_t kAck = 1;       // of SETTINGS and PING
    static constexpr std::uint8_t kEndHeaders = 4;

    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string payload;

    bool isAck() const { return (flags & kAck) != 0; }
    bool endsStream() const { return (flags & kEndStream) != 0; }
    /// The payload's last four bytes: of RST_STREAM the error, of WINDOW_UPDATE the bytes, of GOAWAY (without
    /// more behind) the error.
    std::uint32_t number() const;
    std::string toString() const;
};

/// A 32-bit number as frames have it.
std::string bigEndian(std::uint32_t number);

using Fields = std::vector<std::pair<std::string, std::string>>;

/// A field block without compression.
std::string fieldBlock(const Fields& fields);

/// What opens a stream, as it should be.
const Fields& goodRequest();

/// HTTP/2 by hand, at the other end of a session's socket. On the test's thread; the test fails when nothing
/// comes for a minute.
class WirePeer {
  public:
    explicit WirePeer(Descriptor socket);

    void send(std::string_view bytes);
    void send(const Frame& frame) { send(frame.toString()); }

    /// Sends the preface, of a client, or takes it, of a server; and sends an empty SETTINGS.
    void greet(Http2Session::Role role);

    /// The next frame. SETTINGS are acknowledged. Nothing when the connection has ended, in whatever way.
    std::optional<Frame> read();

    /// The next frame of the type; others are skipped. The test fails when there is none.
    Frame readUntil(Frame::Type type);

    /// All that comes until the connection ends.
    std::vector<Frame> readAll();

    /// Of a HEADERS frame from this peer, which must be given all in their order.
    std::map<std::string, std::string> fieldsOf(const Frame& headers);

    /// Closes the connection behind what was sent; it can still read.
    void endSending();

    /// Breaks the connection.
    void close() { _socket.reset(); }

  private:
    struct Free {
        void operator()(nghttp2_hd_inflater* inflater) const { ::nghttp2_hd_inflate_del(inflater); }
    };
    bool readExactly(std::string& into, std::size_t bytes);

    std::optional<Descriptor> _socket;
    std::unique_ptr<nghttp2_hd_inflater, Free> _inflater;
};

/// A connected pair of sockets.
std::pair<Descriptor, Descriptor> socketPair();

/// What sessions need, on a loop of its own.
struct Ground {
    static constexpr std::size_t kMostBuffered = std::size_t{64} * 1024 * 1024;

    LoopThread thread;
    EventLoop& loop = thread.loop();
    Http2Limits limits;
    BufferedBytes buffered{kMostBuffered};
    Http2Session::Liveness liveness;

    std::unique_ptr<SessionUser> makeUser(Descriptor socket, Http2Session::Role role) {
        return std::make_unique<SessionUser>(loop, std::move(socket), role, liveness,
                                             Http2Session::Context{limits, buffered});
    }

    /// Whether no bytes are counted that nobody has.
    bool isNothingBuffered() {
        buffered.add(kMostBuffered - 1);
        const bool isNotMore = !buffered.areTooMany();
        buffered.add(1);
        const bool isNotLess = buffered.areTooMany();
        buffered.remove(kMostBuffered);
        return isNotMore && isNotLess;
    }
};

/// Two sessions against each other.
struct Sessions : Ground {
    ~Sessions() {
        thread.run([this] {
            streams.clear();
            opener.reset();
            server.reset();
        });
    }

    void connect() {
        auto [one, other] = socketPair();
        thread.run([&] {
            opener = makeUser(std::move(one), Http2Session::Role::Opens);
            server = makeUser(std::move(other), Http2Session::Role::Serves);
            opener->start();
            server->start();
        });
    }

    /// Opens so many streams, and waits until they have arrived.
    void openStreams(std::size_t count) {
        thread.run([&] {
            for (std::size_t i = 0; i < count; ++i)
                streams.push_back(opener->open());
        });
        thread.await("arrival", [&] { return server->arrivals.size() == streams.size(); });
    }

    /// Nobody is called any more for a stream of either side.
    void stopAll() {
        thread.run([this] {
            streams.clear();
            server->arrivals.clear();
        });
    }

    StreamUser& mine(std::size_t i = 0) { return *streams.at(i); }
    StreamUser& theirs(std::size_t i = 0) { return *server->arrivals.at(i).user; }

    std::unique_ptr<SessionUser> opener;
    std::unique_ptr<SessionUser> server;
    std::vector<std::unique_ptr<StreamUser>> streams;
};

/// A session against frames made by hand.
struct Wire : Ground {
    ~Wire() {
        thread.run([this] {
            streams.clear();
            user.reset();
        });
    }

    void connect(Http2Session::Role role) {
        auto [one, other] = socketPair();
        peer.emplace(std::move(other));
        thread.run([&] {
            user = makeUser(std::move(one), role);
            user->start();
        });
        peer->greet(role == Http2Session::Role::Opens ? Http2Session::Role::Serves
                                                      : Http2Session::Role::Opens);
    }

    std::optional<WirePeer> peer;
    std::unique_ptr<SessionUser> user;
    std::vector<std::unique_ptr<StreamUser>> streams;
};

} // namespace connector::test
