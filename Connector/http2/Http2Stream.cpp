#include "http2/Http2Stream.h"

#include "http2/ConnectRequest.h"
#include "http2/Http2Session.h"
#include "http2/SpareBuffers.h"

#include <algorithm>
#include <cstring>

namespace connector {

namespace {

/// So much is sent straight from where it is, without being copied first; less waits for the round's end, so
/// that many small pieces of many streams go in one write.
constexpr std::size_t kSentAtOnce = 16 * 1024;

} // namespace

Http2Stream::Http2Stream(Http2Session& session, EventLoop& loop, const Poco::Net::SocketAddress& peer)
    : _session(&session), _loop(loop), _peer(peer) {}

Http2Stream::~Http2Stream() {
    _handler = nullptr;
    _loop.forget(*this);
    if (_session) _session->release(*this);
}

void Http2Stream::accept() {
    _isAnswered = true;
    if (!_isBroken) _session->respond(*this, 200, "");
}

void Http2Stream::refuse(int status, const std::string& reason) {
    _isAnswered = true;
    if (_isBroken) return;
    _isEnding = true;
    _session->respond(*this, status, reason);
}

bool Http2Stream::attach(EventLoop& loop, StreamHandler& handler) {
    loop.assertInLoopThread();
    _handler = &handler;
    if (!received().empty() || _peerHasEnded || _isBroken) again();
    return &loop == &_loop;
}

void Http2Stream::again() {
    if (_session)
        _session->markReady(*this);
    else
        _loop.again(*this);
}

void Http2Stream::onEvents(std::uint32_t) {
    if (_handler) _handler->onReady(*this);
}

Stream::Received Http2Stream::receive(std::span<std::byte> into) {
    _loop.assertInLoopThread();
    const auto next = received();
    if (!next.empty()) {
        const auto bytes = std::min(into.size(), next.size());
        std::memcpy(into.data(), next.data(), bytes);
        skip(bytes);
        return {Status::Ok, bytes};
    }
    if (_peerHasEnded) return {Status::Ended, 0};
    return {_isBroken ? Status::Failed : Status::Blocked, 0};
}

std::span<const std::byte> Http2Stream::received() const {
    if (_inBegin < _in.size()) return std::span(_in).subspan(_inBegin);
    return _freshBegin < _fresh.size() ? _fresh[_freshBegin] : std::span<const std::byte>();
}

void Http2Stream::skip(std::size_t bytes) {
    if (_inBegin < _in.size()) {
        _inBegin += bytes;
        if (_inBegin == _in.size()) {
            SpareBuffers::ofThread().give(std::exchange(_in, {})); // an idle stream keeps nothing
            _inBegin = 0;
        }
    } else {
        auto& first = _fresh[_freshBegin];
        first = first.subspan(bytes);
        if (first.empty()) ++_freshBegin;
    }
    if (_session) _session->consumed(*this, bytes);
}

std::size_t Http2Stream::untaken() const {
    auto bytes = _in.size() - _inBegin;
    for (auto i = _freshBegin; i < _fresh.size(); ++i)
        bytes += _fresh[i].size();
    return bytes;
}

/// Of what was taken, the bytes that are known to be with whoever they are for. A system call.
std::int64_t Http2Stream::arrived() const {
    return static_cast<std::int64_t>(_taken) - (_receiver ? _receiver->unacknowledged() : 0);
}

/// The buffer that it is in is about to be used again. What was taken of _in goes when it is the larger part,
/// so that a stream that is never empty doesn't grow.
void Http2Stream::keepFresh() {
    if (_freshBegin < _fresh.size() && _inBegin > _in.size() / 2) {
        _in.erase(_in.begin(), _in.begin() + static_cast<std::ptrdiff_t>(_inBegin));
        _inBegin = 0;
    }
    if (_freshBegin < _fresh.size() && _in.empty()) _in = SpareBuffers::ofThread().take();
    for (; _freshBegin < _fresh.size(); ++_freshBegin)
        _in.insert(_in.end(), _fresh[_freshBegin].begin(), _fresh[_freshBegin].end());
    std::vector<std::span<const std::byte>>().swap(_fresh);
    _freshBegin = 0;
}

Stream::Status Http2Stream::send(std::span<const std::byte> bytes) {
    _loop.assertInLoopThread();
    if (_isBroken || !_session) return Status::Failed;
    if (bytes.size() < kSentAtOnce || unsent() > 0) {
        keep(bytes);
        _session->resume(*this);
    } else {
        _borrowed = bytes;
        _session->resume(*this);
        _session->flush();
        keep(std::exchange(_borrowed, {}));
    }
    return flush();
}

/// With nothing to send, it is for receive() to tell that the stream has broken: there may be bytes to be had
/// first.
Stream::Status Http2Stream::flush() {
    if (unsent() == 0) return Status::Ok;
    return _isBroken ? Status::Failed : Status::Blocked;
}

Stream::Status Http2Stream::endSending() {
    if (_isBroken) return Status::Failed;
    if (unsent() > 0) return Status::Blocked;
    _isEnding = true;
    if (_session) _session->resume(*this);
    return Status::Ok;
}

void Http2Stream::keep(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    if (_out.empty()) _out = SpareBuffers::ofThread().take();
    _out.insert(_out.end(), bytes.begin(), bytes.end());
}

/// What is to be sent next.
std::span<const std::byte> Http2Stream::out() const {
    return _outBegin < _out.size() ? std::span(_out).subspan(_outBegin) : _borrowed;
}

void Http2Stream::skipOut(std::size_t bytes) {
    if (_outBegin == _out.size()) {
        _borrowed = _borrowed.subspan(bytes);
        return;
    }
    _outBegin += bytes;
    if (_outBegin < _out.size()) return;
    SpareBuffers::ofThread().give(std::exchange(_out, {}));
    _outBegin = 0;
}

void Http2Stream::breakOff(const std::string& reason) {
    _isBroken = true;
    _reason = reason;
}

} // namespace connector
