#include "http2/Http2Session.h"

#include "base/Printable.h"
#include "http2/Http2Callbacks.h"

#include <algorithm>
#include <array>
#include <new>

namespace connector {

namespace {

/// The most that HTTP/2 allows (RFC 9113, section 6.9.1).
constexpr std::int32_t kMostWindow = 0x7fffffff;

/// Streams are numbered up to 2^31, every second number; a session that has come so far is replaced in time.
constexpr std::int32_t kLastStreamId = 0x7ffffff0;

/// Bytes that are received in one go before the loop's other descriptors get their turn.
constexpr std::size_t kBytesPerTurn = 512 * 1024;

/// How long the peer may take to read the last that is said before the connection is closed.
constexpr std::chrono::milliseconds kClosing{2000};

/// The payload of PINGs that ask for a sign of life.
constexpr std::array<std::uint8_t, 8> kSignOfLife{'l', 'i', 'f', 'e'};

struct FreeOptions {
    void operator()(nghttp2_option* options) const { ::nghttp2_option_del(options); }
};

nghttp2_session* makeSession(bool isClient, const nghttp2_session_callbacks* callbacks,
                             const Http2Limits& limits, void* self) {
    nghttp2_option* made = nullptr;
    if (::nghttp2_option_new(&made) != 0) throw std::bad_alloc();
    const std::unique_ptr<nghttp2_option, FreeOptions> options(made);
    ::nghttp2_option_set_no_auto_window_update(made, 1);
    ::nghttp2_option_set_no_closed_streams(made, 1); // they would only take memory
    // Until the peer has said what it allows: more would be refused, and that does no harm.
    ::nghttp2_option_set_peer_max_concurrent_streams(made, limits.concurrentStreams);
    // What the session counts itself, nghttp2 must not count, too.
    ::nghttp2_option_set_stream_reset_rate_limit(made, static_cast<std::uint64_t>(limits.resets) * 10,
                                                 static_cast<std::uint64_t>(limits.resets) * 10);
    nghttp2_session* session = nullptr;
    const int error = isClient ? ::nghttp2_session_client_new2(&session, callbacks, self, made)
                               : ::nghttp2_session_server_new2(&session, callbacks, self, made);
    if (error != 0) throw std::bad_alloc();
    return session;
}

/// A name or value that is copied by nghttp2.
nghttp2_nv field(std::string_view name, const std::string& value,
                 std::uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME) {
    // nghttp2 takes pointers to what it doesn't change.
    return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
            reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
            flags};
}

} // namespace

Http2Session::Http2Session(EventLoop& loop, std::unique_ptr<SocketStream> transport, Role role,
                           const Liveness& liveness, Context context, Owner& owner)
    : _loop(loop), _transport(std::move(transport)), _role(role), _liveness(liveness), _context(context),
      _owner(owner), _session(makeSession(role == Role::Opens, Callbacks::all(), context.limits, this)),
      _budgets(context.limits, loop.now()), _windows(*_session, context.limits, context.buffered),
      _lastHeard(loop.now()), _timer(loop, [this] { check(); }) {}

Http2Session::~Http2Session() {
    _isOver = true;
    for (auto* stream : _streams) {
        _context.buffered.remove(stream->untaken());
        stream->breakOff("the session is over");
        stream->_session = nullptr;
    }
    _loop.forget(*this);
}

void Http2Session::start(std::span<const std::byte> received) {
    _loop.assertInLoopThread();
    _transport->limitUnsent(_context.limits.unsent);
    if (!_transport->attach(_loop, *this)) return finish("no room to watch another descriptor");
    submitSettings();
    check();
    if (!received.empty()) {
        if (!takeIn(received)) return settle();
        settleReceived();
    }
    onReady(*_transport);
}

void Http2Session::submitSettings() {
    std::vector<nghttp2_settings_entry> settings{
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
         static_cast<std::uint32_t>(WindowTuner::firstWindow(_context.limits))},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, static_cast<std::uint32_t>(kHttp2Batch)},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
         static_cast<std::uint32_t>(ConnectRequestReader::kMaxHeaderList)}};
    if (_role == Role::Opens)
        settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    else
        settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, _context.limits.concurrentStreams});
    ::nghttp2_submit_settings(_session.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    ::nghttp2_session_set_local_window_size(_session.get(), NGHTTP2_FLAG_NONE, 0, kMostWindow);
}

std::unique_ptr<Http2Stream> Http2Session::open(const ConnectRequest& request) {
    _loop.assertInLoopThread();
    static const std::string method = "CONNECT";
    const auto forwarded = forwardedFor(request.visitor);
    // No visitor is like another: their addresses would only push the rest out of the peer's table.
    const std::array fields{
        field(":method", method), field(":authority", request.authority),
        field("forwarded", forwarded, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_INDEX)};
    auto stream = makeStream();
    stream->_isMine = true;
    const auto bytes = Callbacks::provider();
    stream->_id =
        ::nghttp2_submit_request(_session.get(), nullptr, fields.data(), fields.size(), &bytes, stream.get());
    if (stream->_id < 0) return nullptr;
    stream->_isOpen = stream->_isKnown = true;
    if (stream->_id >= kLastStreamId) {
        goAway();
        _hasToldGoingAway = false; // nobody has asked for it
    }
    schedule();
    return stream;
}

void Http2Session::goAway() {
    _loop.assertInLoopThread();
    if (_isOver || _isGoingAway) return;
    _isGoingAway = _hasToldGoingAway = true;
    ::nghttp2_submit_goaway(_session.get(), NGHTTP2_FLAG_NONE,
                            ::nghttp2_session_get_last_proc_stream_id(_session.get()), NGHTTP2_NO_ERROR,
                            nullptr, 0);
    schedule();
}

void Http2Session::end(const std::string& why) {
    _loop.assertInLoopThread();
    if (_isOver) return;
    _transport->resetOnClose();
    finish(why);
}

void Http2Session::onReady(Stream&) {
    if (_isOver) return;
    if (_transport->flush() == Stream::Status::Failed) return finish(_transport->failure());
    if (_isClosing) endSending();
    receive();
    settle();
}

void Http2Session::onEvents(std::uint32_t) {
    _isScheduled = false;
    settle();
}

void Http2Session::schedule() {
    if (std::exchange(_isScheduled, true)) return;
    _loop.again(*this);
}

/// After nghttp2 has been told something new.
void Http2Session::settle() {
    if (!_finishLater.empty()) return finish(_finishLater);
    if (_isOver || _isClosing) return;
    if (std::exchange(_hasNewSettings, false))
        _owner.onMostStreams(
            ::nghttp2_session_get_remote_settings(_session.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
    deliverArrived();
    deliver();
    flush();
    if (!_finishLater.empty()) return finish(_finishLater);
    if (_isOver || _isClosing) return;
    if (_isGoingAway && !std::exchange(_hasToldGoingAway, true)) _owner.onGoingAway();
    // nghttp2 wants nothing more once it has written GOAWAY: while the peer reads nothing, it doesn't come to
    // that.
    const bool isDeaf = _hasMisbehaved || ::nghttp2_session_want_read(_session.get()) == 0;
    if (isDeaf && ::nghttp2_session_want_write(_session.get()) == 0)
        return close(_why.empty() ? "it went away" : _why);
    if (isDeaf && !std::exchange(_isDoomed, true))
        _timer.start(kClosing); // a peer that doesn't read can't be told, and must not keep the session
    if (!_ready.empty() || !_arrived.empty()) schedule();
}

void Http2Session::receive() {
    std::size_t total = 0;
    while (total < kBytesPerTurn && !_isOver) {
        const auto received = fillBuffer();
        if (received.bytes > 0) {
            const auto bytes = http2ReceiveBuffer().first(received.bytes);
            if (!_isClosing && takeIn(bytes)) settleReceived();
        }
        if (_isOver || received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Ended) return finish("it closed the connection");
        if (received.status == Stream::Status::Failed) return finish(_transport->failure());
        total += received.bytes;
    }
    _transport->again();
}

/// With as many messages as there are; the status is that of the last.
Stream::Received Http2Session::fillBuffer() {
    const auto buffer = http2ReceiveBuffer();
    std::size_t filled = 0;
    auto status = Stream::Status::Ok;
    while (status == Stream::Status::Ok && buffer.size() - filled >= Stream::kMaxMessage) {
        const auto received = _transport->receive(buffer.subspan(filled));
        status = received.status;
        filled += received.bytes;
    }
    return {status, filled};
}

/// Streams take what they can from where it is; what they leave is copied.
void Http2Session::settleReceived() {
    deliverArrived();
    deliver();
    for (auto* stream : _fed) {
        if (!stream) continue;
        stream->_isFed = false;
        stream->keepFresh();
    }
    _fed.clear();
}

/// False when nothing that follows is to be looked at.
bool Http2Session::takeIn(std::span<const std::byte> bytes) {
    _lastHeard = _loop.now();
    _isPingAwaited = false;
    _owner.onHeard();
    if (_isOver) return false;
    if (_hasMisbehaved) return true;
    const auto taken = ::nghttp2_session_mem_recv(
        _session.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    // Not before: within a callback, nghttp2 may forget that it is to take nothing more, and then asserts it.
    if (_hasMisbehaved) {
        ::nghttp2_session_terminate_session(_session.get(), NGHTTP2_ENHANCE_YOUR_CALM);
        return true;
    }
    if (taken >= 0) return true;
    const bool isFlood = taken == NGHTTP2_ERR_FLOODED;
    ::nghttp2_session_terminate_session(_session.get(),
                                        isFlood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
    close(std::string("it did not speak HTTP/2: ") + ::nghttp2_strerror(static_cast<int>(taken)));
    return false;
}

/// Their first bytes are there by now, if they came with the request.
void Http2Session::deliverArrived() {
    for (auto& stream : std::exchange(_arrived, {})) {
        if (_isOver || stream->_isBroken) continue;
        const auto request = std::exchange(stream->_request, {})->request();
        stream->_isKnown = true;
        _owner.onConnect(std::move(stream), request);
    }
}

/// What becomes ready meanwhile is for the next round: so none can keep the others waiting.
void Http2Session::deliver() {
    _isDelivering = true;
    _delivering.swap(_ready);
    for (std::size_t i = 0; i < _delivering.size(); ++i) { // release() may clear entries
        auto* stream = _delivering[i];
        if (!stream) continue;
        stream->_isReady = false;
        if (stream->_handler) stream->_handler->onReady(*stream);
    }
    _delivering.clear();
    _isDelivering = false;
}

/// Sends what there is, in batches, while the connection takes them. If that fails, the session ends later:
/// it may be a stream's user who calls, by send(), and who must not be called meanwhile.
void Http2Session::flush() {
    auto& batch = http2Batch();
    while (!_isOver && !_isClosing && _finishLater.empty() && _transport->unsent() == 0 && fillBatch()) {
        const auto sent = _transport->sendBoth(batch.bytes, batch.tail);
        batch.bytes.clear();
        if (batch.tailOf)
            skipOut(*std::exchange(batch.tailOf, nullptr), std::exchange(batch.tail, {}).size());
        if (sent == Stream::Status::Failed) finishLater(_transport->failure());
    }
}

/// False when there is nothing to send.
bool Http2Session::fillBatch() {
    auto& batch = http2Batch();
    for (;;) {
        const std::uint8_t* bytes = nullptr;
        const auto length = ::nghttp2_session_mem_send(_session.get(), &bytes);
        // It takes memory to go wrong here, or a peer that is past all patience of nghttp2.
        if (length < 0) {
            batch.bytes.clear(); // it is for others, too
            finishLater(::nghttp2_strerror(static_cast<int>(length)));
            return false;
        }
        const auto frame = std::as_bytes(std::span(bytes, static_cast<std::size_t>(length)));
        batch.bytes.insert(batch.bytes.end(), frame.begin(), frame.end());
        if (length == 0 || batch.bytes.size() >= kHttp2Batch) return !batch.isEmpty();
    }
}

/// Of life and death.
void Http2Session::check() {
    using std::chrono::milliseconds;
    if (_isClosing) return checkClosing();
    if (_isDoomed) return end(_why.empty() ? "it did not read that the session ends" : _why);
    const auto [pingAfter, threshold] = _liveness;
    const auto silence = _loop.now() - _lastHeard;
    if (threshold.count() > 0 && silence >= threshold)
        return end("it was silent for " + std::to_string(threshold.count()) + " ms");
    if (pingAfter.count() > 0 && silence >= pingAfter && !std::exchange(_isPingAwaited, true)) {
        ::nghttp2_submit_ping(_session.get(), NGHTTP2_FLAG_NONE, kSignOfLife.data());
        schedule();
    }
    auto next = milliseconds::max();
    if (pingAfter.count() > 0)
        next = _isPingAwaited ? pingAfter : std::chrono::ceil<milliseconds>(pingAfter - silence);
    if (threshold.count() > 0) next = std::min(next, std::chrono::ceil<milliseconds>(threshold - silence));
    if (next != milliseconds::max()) _timer.start(next);
}

/// As long as the peer goes on reading, it is waited for.
void Http2Session::checkClosing() {
    const auto left = _transport->unsent() + static_cast<std::size_t>(_transport->unacknowledged());
    if (left == 0 || left == std::exchange(_leftBefore, left)) return finish(_why);
    _timer.start(kClosing);
}

/// Over, but the peer shall be able to read the last that was said: a connection that is closed while
/// something is unread is reset.
void Http2Session::close(const std::string& why) {
    if (_isOver || _isClosing) return;
    flush();
    if (!_finishLater.empty()) return finish(_finishLater);
    _isClosing = true;
    _why = why;
    failAll(why);
    _timer.start(kClosing);
    endSending();
    _transport->again();
}

void Http2Session::endSending() {
    // Once: each time, the kernel would tell of it as an event.
    if (!_hasSaidEnd && _transport->unsent() == 0)
        _hasSaidEnd = _transport->endSending() != Stream::Status::Blocked;
}

/// Not while streams are being delivered: each of them must be told.
void Http2Session::finish(const std::string& why) {
    if (_isOver) return;
    if (_isDelivering) return finishLater(why);
    _isOver = true;
    _timer.cancel();
    _transport->detach();
    const auto reason = _why.empty() ? why : _why;
    failAll(reason);
    _owner.onEnded(reason);
}

void Http2Session::finishLater(const std::string& why) {
    _finishLater = why;
    schedule();
}

void Http2Session::failAll(const std::string& why) {
    for (auto* stream : _streams) {
        if (stream->_isOpen)
            stream->breakOff(why); // the others have ended, and may have something to be taken
        if (stream->_isMine && stream->_answer == Http2Stream::Answer::Awaited)
            stream->_answer = Http2Stream::Answer::NotProcessed;
        markReady(*stream);
    }
    deliver();
    _fed.clear();
    _windows.forgetAll();
    for (auto* stream : std::exchange(_streams, {})) {
        stream->keepFresh();
        _context.buffered.remove(stream->untaken());
        stream->_session = nullptr;
        if (stream->_isReady) _loop.again(*stream); // it has more to do than it could in one go
    }
    _ready.clear();
    _arriving.clear();
    _arrived.clear();
}

/// The session ends once the peer has been told.
void Http2Session::misbehaved(const std::string& how) {
    if (std::exchange(_hasMisbehaved, true)) return;
    _why = "it " + how;
}

void Http2Session::onFrame(const nghttp2_frame& frame) {
    if (const auto* tooMany = _budgets.take(frame, _loop.now()))
        misbehaved(std::string("sent too many ") + tooMany);
    auto* stream = find(frame.hd.stream_id);
    if (frame.hd.type == NGHTTP2_HEADERS && stream) {
        if (frame.headers.cat == NGHTTP2_HCAT_REQUEST)
            onRequest(*stream);
        else if (stream->_isMine && stream->_answer == Http2Stream::Answer::Awaited)
            onAnswer(*stream);
    }
    const bool mayEnd = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
    stream = find(frame.hd.stream_id); // a request that is refused at once has none any more
    if (mayEnd && stream && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        stream->_peerHasEnded = true;
        markReady(*stream);
    }
    if (frame.hd.type == NGHTTP2_SETTINGS && _role == Role::Opens) _hasNewSettings = true;
    if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0)
        _windows.onPong(frame.ping);
    if (frame.hd.type == NGHTTP2_GOAWAY) {
        _isGoingAway = true;
        if (frame.goaway.error_code != NGHTTP2_NO_ERROR && _why.empty())
            _why = std::string("it ended the session: ") + ::nghttp2_http2_strerror(frame.goaway.error_code);
    }
}

void Http2Session::onAnswer(Http2Stream& stream) {
    constexpr int kFinal = 200;
    constexpr int kNotSuccessful = 300;
    stream._status = std::exchange(stream._statusRead, 0);
    if (stream._status < kFinal) {
        if (const auto* tooMany = _budgets.takeProvisionalAnswer(_loop.now()))
            misbehaved(std::string("sent too many ") + tooMany);
        return;
    }
    stream._answer =
        stream._status < kNotSuccessful ? Http2Stream::Answer::Accepted : Http2Stream::Answer::Refused;
    if (stream._answer == Http2Stream::Answer::Refused)
        stream._reason =
            std::to_string(stream._status) + (stream._reason.empty() ? "" : ", " + stream._reason);
    markReady(stream);
}

void Http2Session::onRequest(Http2Stream& stream) {
    const auto found = std::find_if(_arriving.begin(), _arriving.end(),
                                    [&](const auto& arriving) { return arriving.get() == &stream; });
    auto handle = std::move(*found);
    _arriving.erase(found);
    if (_isGoingAway) return; // the peer reads in our GOAWAY that it was not processed
    const auto error = stream._request->error();
    if (error.empty())
        _arrived.push_back(std::move(handle));
    else
        stream.refuse(400, error); // and is gone
}

void Http2Session::onStreamClosed(Http2Stream& stream, std::uint32_t error) {
    stream._isOpen = false;
    const auto reason = std::string("it reset the stream: ") + ::nghttp2_http2_strerror(error);
    const bool isOrderly = error == NGHTTP2_NO_ERROR && stream._peerHasEnded && stream._isEnding;
    if (stream._isMine && stream._answer == Http2Stream::Answer::Awaited)
        stream._answer = error == NGHTTP2_REFUSED_STREAM ? Http2Stream::Answer::NotProcessed
                                                         : Http2Stream::Answer::Refused;
    if (!isOrderly && stream._answer != Http2Stream::Answer::Refused) stream.breakOff(reason);
    if (!isOrderly && stream._reason.empty()) stream._reason = reason;
    stream._isBroken = !isOrderly;
    const auto found = std::find_if(_arriving.begin(), _arriving.end(),
                                    [&](const auto& arriving) { return arriving.get() == &stream; });
    if (found != _arriving.end())
        _arriving.erase(found);
    else
        markReady(stream);
}

std::unique_ptr<Http2Stream> Http2Session::makeStream() {
    std::unique_ptr<Http2Stream> stream(new Http2Stream(*this, _loop, _transport->peer()));
    stream->_window = WindowTuner::firstWindow(_context.limits);
    stream->_index = _streams.size();
    _streams.push_back(stream.get());
    _budgets.onStream();
    return stream;
}

Http2Stream* Http2Session::find(std::int32_t id) const {
    return static_cast<Http2Stream*>(::nghttp2_session_get_stream_user_data(_session.get(), id));
}

void Http2Session::markReady(Http2Stream& stream) {
    if (std::exchange(stream._isReady, true)) return;
    _ready.push_back(&stream);
    schedule();
}

/// So much of what it keeps is sent.
void Http2Session::skipOut(Http2Stream& stream, std::size_t bytes) {
    stream.skipOut(bytes);
    if (stream.unsent() == 0) markReady(stream); // its handler may have waited for that
}

/// It has something to send.
void Http2Session::resume(Http2Stream& stream) {
    if (std::exchange(stream._isDeferred, false)) ::nghttp2_session_resume_data(_session.get(), stream._id);
    schedule();
}

void Http2Session::respond(Http2Stream& stream, int status, const std::string& reason) {
    const auto code = std::to_string(status);
    std::vector<nghttp2_nv> fields{field(":status", code)};
    const auto text = printable(reason);
    if (!text.empty()) fields.push_back(field("pipe-reason", text));
    const auto bytes = Callbacks::provider();
    ::nghttp2_submit_response(_session.get(), stream._id, fields.data(), fields.size(),
                              stream._isEnding ? nullptr : &bytes);
    schedule();
}

/// Gives the peer credit for what was taken.
void Http2Session::consumed(Http2Stream& stream, std::size_t bytes) {
    _context.buffered.remove(bytes);
    ::nghttp2_session_consume_stream(_session.get(), stream._id, bytes);
    stream._taken += bytes;
    _windows.onTaken(stream, _loop.now());
    schedule();
}

/// The handle is destroyed. What it has to say yet is its end, if that, and that is said without it.
void Http2Session::release(Http2Stream& stream) {
    _streams.back()->_index = stream._index;
    std::swap(_streams[stream._index], _streams.back());
    _streams.pop_back();
    if (stream._isReady)
        std::replace(_ready.begin(), _ready.end(), &stream, static_cast<Http2Stream*>(nullptr));
    std::replace(_delivering.begin(), _delivering.end(), &stream, static_cast<Http2Stream*>(nullptr));
    _windows.forget(stream);
    if (stream._isFed) std::replace(_fed.begin(), _fed.end(), &stream, static_cast<Http2Stream*>(nullptr));
    _context.buffered.remove(stream.untaken());
    if (stream._isOpen) leave(stream);
    if (!_isOver && stream._isKnown) _owner.onStreamDestroyed();
}

void Http2Session::leave(Http2Stream& stream) {
    auto* session = _session.get();
    ::nghttp2_session_set_stream_user_data(session, stream._id, nullptr);
    const bool hasSaidAll = stream._isEnding && stream.unsent() == 0 && !stream._mustReset;
    const bool hasEnded = ::nghttp2_session_get_stream_local_close(session, stream._id) == 1;
    auto error = NGHTTP2_CANCEL;
    if (!stream._isMine && !stream._isAnswered) error = NGHTTP2_REFUSED_STREAM;
    if (hasSaidAll) error = NGHTTP2_NO_ERROR;
    if (!hasSaidAll || (hasEnded && !stream._peerHasEnded))
        ::nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream._id, error);
    schedule();
}

} // namespace connector
