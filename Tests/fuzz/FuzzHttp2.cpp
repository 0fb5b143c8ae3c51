// What a peer says in HTTP/2, from its first byte on, to a session that serves streams and to one that opens
// them; and what the users of these streams may do meanwhile.
#include "http2/Http2Session.h"
#include "net/PlainStream.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <sys/socket.h>
#include <unistd.h>

using namespace connector;

namespace {

constexpr std::size_t kMostBuffered = 1024 * 1024;
/// Rounds of the loop after which a session that has heard the end of its connection must have ended.
constexpr int kRoundsToEnd = 16;
constexpr std::size_t kStreamsOpened = 6;

void check(bool condition) {
    if (!condition) std::abort();
}

/// What the first byte of the input says.
struct Scene {
    explicit Scene(std::uint8_t bits)
        : role((bits & 1) != 0 ? Http2Session::Role::Opens : Http2Session::Role::Serves),
          peerReads((bits & 2) == 0), isNarrow((bits & 4) != 0), goesAway((bits & 8) != 0),
          ends((bits & 16) != 0), begins((bits & 32) != 0) {}

    Http2Session::Role role;
    bool peerReads;
    bool isNarrow; ///< small limits
    bool goesAway; ///< with the third stream
    bool ends;     ///< with the fourth one
    bool begins;   ///< the first piece has come before the session starts
};

/// Whoever uses a stream. They differ, by their numbers.
class User final : private StreamHandler {
  public:
    User(EventLoop& loop, std::unique_ptr<Http2Stream> stream, std::size_t number, bool isMine)
        : _kind(static_cast<Kind>(number % kKinds)), _stream(std::move(stream)) {
        if (isMine)
            send();
        else
            answer();
        if (!_stream) return;
        if (_kind == Kind::Echoes) _stream->deliversTo(*_stream);
        _stream->attach(loop, *this);
    }

  private:
    enum class Kind { Echoes, IsOver, SendsMuch, EndsAtOnce, TakesNothing, Resets, SendsAndEnds, IsSilent };
    static constexpr std::size_t kKinds = 8;

    void answer() {
        if (_kind == Kind::IsOver) _stream->refuse(502, "nobody is there");
        if (_kind == Kind::EndsAtOnce) return _stream.reset();
        if (_kind != Kind::IsOver && _kind != Kind::IsSilent) _stream->accept();
        if (_kind == Kind::SendsMuch) send();
        if (_kind == Kind::SendsAndEnds) send();
    }

    void send() {
        static const std::string large(std::size_t{100} * 1024, 'x');
        if (_kind == Kind::IsSilent) return;
        _stream->send(_kind == Kind::SendsMuch ? large : "hello");
        if (_kind == Kind::SendsAndEnds) _stream->endSending();
        if (_kind == Kind::EndsAtOnce) _stream.reset();
    }

    void onReady(Stream& stream) override {
        if (_kind == Kind::TakesNothing) return;
        if (_kind == Kind::Resets) {
            stream.resetOnClose();
            return _stream.reset();
        }
        if (_stream->answer() >= Http2Stream::Answer::Refused || stream.flush() == Stream::Status::Failed)
            return _stream.reset();
        if (take()) stream.again();
    }

    /// True when there may be more.
    bool take() {
        std::array<std::byte, 1000> room{};
        auto next = _stream->received();
        if (_kind == Kind::Echoes && !next.empty() && _stream->unsent() == 0) {
            next = next.first(std::min(next.size(), room.size()));
            std::copy(next.begin(), next.end(), room.begin());
            _stream->skip(next.size());
            _stream->send(std::span(room).first(next.size()));
            return true;
        }
        if (_kind == Kind::Echoes && !next.empty()) return false;
        const auto received = _stream->receive(room);
        if (received.status == Stream::Status::Failed) _stream.reset();
        if (received.status == Stream::Status::Ended && _stream->endSending() == Stream::Status::Ok &&
            _kind != Kind::SendsMuch)
            _stream.reset();
        return received.status == Stream::Status::Ok;
    }

    const Kind _kind;
    std::unique_ptr<Http2Stream> _stream;
};

/// A session, its user, and its peer, who says what the input says.
class Conversation final : private Http2Session::Owner {
  public:
    Conversation(Scene scene, std::size_t piece, std::span<const std::uint8_t> input)
        : _scene(scene), _piece(piece), _left(input) {
        std::array<int, 2> ends{};
        check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
        _peer.emplace(ends[1]);
        if (scene.isNarrow) _limits = {100'000, 3, 1000, 1, 1};
        _session = std::make_unique<Http2Session>(
            _loop,
            std::make_unique<PlainStream>(Descriptor(ends[0]), Poco::Net::SocketAddress(),
                                          DescriptorBudget::Lease()),
            scene.role, Http2Session::Liveness(), Http2Session::Context{_limits, _buffered},
            static_cast<Http2Session::Owner&>(*this));
    }

    void run() {
        _loop.post([this] { start(); });
        _loop.run();
        check(!_session);
        _users.clear(); // they outlive the session
        checkNothingIsBuffered();
    }

  private:
    void start() {
        const auto first = _scene.begins ? nextPiece() : std::span<const std::uint8_t>();
        _session->start(std::as_bytes(first));
        if (_scene.role == Http2Session::Role::Opens)
            for (std::size_t i = 0; i < kStreamsOpened; ++i)
                open();
        _loop.post([this] { goOn(); });
    }

    std::span<const std::uint8_t> nextPiece() {
        const auto piece = _left.first(_piece == 0 ? _left.size() : std::min(_piece, _left.size()));
        _left = _left.subspan(piece.size());
        return piece;
    }

    /// Each time in a round of its own.
    void goOn() {
        if (!_peer) return awaitEnd();
        if (_scene.peerReads) readAll();
        if (_left.empty() || !_session) {
            if (++_rounds == 2) _peer.reset();
        } else {
            const auto piece = nextPiece();
            ::send(_peer->get(), piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        _loop.post([this] { goOn(); });
    }

    void awaitEnd() {
        if (!_session) return _loop.stop();
        check(++_rounds < kRoundsToEnd);
        _loop.post([this] { awaitEnd(); });
    }

    void readAll() {
        static std::array<std::uint8_t, 64 * 1024> room{};
        while (::recv(_peer->get(), room.data(), room.size(), MSG_DONTWAIT) > 0) {
        }
    }

    void open() {
        if (!_session || !_session->mayOpen()) return;
        auto stream = _session->open({"somewhere:80", "192.0.2.7:51234"});
        check(stream != nullptr);
        use(std::move(stream), /*isMine*/ true);
    }

    void use(std::unique_ptr<Http2Stream> stream, bool isMine) {
        const auto number = _number++;
        _users.push_back(std::make_unique<User>(_loop, std::move(stream), number, isMine));
        if (_scene.goesAway && number == 2 && _session) _session->goAway();
        if (_scene.ends && number == 3 && _session) _session->end("that is enough");
    }

    void onConnect(std::unique_ptr<Http2Stream> stream, const ConnectRequest& request) override {
        check(_scene.role == Http2Session::Role::Serves && !request.visitor.empty());
        use(std::move(stream), /*isMine*/ false);
    }
    void onHeard() override { check(!_hasEnded); }
    void onStreamDestroyed() override { check(!_hasEnded); }
    void onMostStreams(std::size_t) override {
        check(_scene.role == Http2Session::Role::Opens);
        if (_number < kStreamsOpened * 2) open();
    }
    void onGoingAway() override {
        check(!_isGoingAway && !_session->mayOpen());
        _isGoingAway = true;
    }
    void onEnded(const std::string& why) override {
        check(!_hasEnded && !why.empty());
        _hasEnded = true;
        _loop.destroyLater(std::move(_session));
    }

    void checkNothingIsBuffered() {
        _buffered.add(kMostBuffered - 1);
        check(!_buffered.areTooMany());
        _buffered.add(1);
        check(_buffered.areTooMany());
    }

    const Scene _scene;
    const std::size_t _piece;
    std::span<const std::uint8_t> _left;
    EventLoop _loop;
    Http2Limits _limits;
    BufferedBytes _buffered{kMostBuffered};
    std::optional<Descriptor> _peer;
    std::vector<std::unique_ptr<User>> _users;
    std::unique_ptr<Http2Session> _session;
    std::size_t _number = 0; ///< streams that were used
    int _rounds = 0;         ///< since all was said
    bool _isGoingAway = false;
    bool _hasEnded = false;
};

} // namespace

/// input: a byte that sets the scene, one that tells how many bytes come in one go (0: all), and what the
/// peer says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    if (size < 2) return 0;
    const std::span<const std::uint8_t> all(input, size);
    Conversation(Scene(all[0]), all[1], all.subspan(2)).run();
    return 0;
}
