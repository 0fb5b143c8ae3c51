#include "Http2Session.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace connector::test {

namespace {

constexpr std::int32_t kLargestWindow = 0x7FFFFFFF;
/// More frames are made only when those before them are on their way.
constexpr std::size_t kOutput = 256U << 10U;
/// How much one turn takes, so that sending has its turns, too.
constexpr std::size_t kInput = 1U << 20U;
/// The library's own limits are for programs that meet strangers.
constexpr std::uint64_t kNoLimit = 1000000;

struct FreeOption {
    void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
struct FreeCallbacks {
    void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};

std::string text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

std::vector<nghttp2_nv> pairsOf(const HeaderFields& fields) {
    std::vector<nghttp2_nv> pairs;
    for (const auto& [name, value] : fields) {
        const auto bytes = [](const std::string& from) {
            return reinterpret_cast<std::uint8_t*>(const_cast<char*>(from.data()));
        };
        pairs.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return pairs;
}

/// What the library says is wrong with a call of the test's.
void require(int result, const char* what) {
    if (result < 0) throw std::runtime_error(std::string(what) + ": " + nghttp2_strerror(result));
}

} // namespace

/// What the library calls when something has come, and when a stream may send.
struct Http2Callbacks {
    static Http2Session& from(void* user) { return *static_cast<Http2Session*>(user); }

    static int onBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
        auto& session = from(user);
        if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
        auto stream = std::make_shared<Http2Session::Stream>();
        stream->id = frame->hd.stream_id;
        session._streams[stream->id] = stream;
        ++session._openStreams;
        return 0;
    }

    static int onHeader(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                        std::size_t nameSize, const std::uint8_t* value, std::size_t valueSize, std::uint8_t,
                        void* user) {
        if (const auto stream = from(user).find(frame->hd.stream_id))
            stream->fields.emplace_back(text(name, nameSize), text(value, valueSize));
        return 0;
    }

    static int onFrame(nghttp2_session* library, const nghttp2_frame* frame, void* user) {
        auto& session = from(user);
        const auto stream = session.find(frame->hd.stream_id);
        switch (frame->hd.type) {
        case NGHTTP2_HEADERS:
            if (!stream) break;
            if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) session._requests.push_back(stream);
            stream->isAnswered = true;
            [[fallthrough]];
        case NGHTTP2_DATA:
            if (stream && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream->hasEnded = true;
            break;
        case NGHTTP2_RST_STREAM:
            if (stream) stream->reset = frame->rst_stream.error_code;
            break;
        case NGHTTP2_SETTINGS:
            ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 ? session._areSettingsAcknowledged
                                                       : session._hasSettings) = true;
            break;
        case NGHTTP2_GOAWAY:
            session._goaway = {frame->goaway.last_stream_id, frame->goaway.error_code};
            break;
        case NGHTTP2_PING:
            onPing(session, library, *frame);
            break;
        default:
            break;
        }
        return 0;
    }

    static void onPing(Http2Session& session, nghttp2_session* library, const nghttp2_frame& frame) {
        if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
            ++session._pingAnswers;
            return;
        }
        ++session._pings;
        if (session._answersPings) nghttp2_submit_ping(library, NGHTTP2_FLAG_ACK, frame.ping.opaque_data);
    }

    static int onData(nghttp2_session* library, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                      std::size_t size, void* user) {
        nghttp2_session_consume_connection(library, size);
        if (const auto stream = from(user).find(id)) stream->received.append(text(data, size));
        return 0;
    }

    static int onClose(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
        auto& session = from(user);
        const auto stream = session.find(id);
        if (!stream) return 0;
        if (code != NGHTTP2_NO_ERROR && !stream->reset) stream->reset = code;
        stream->isClosed = true;
        session._streams.erase(id);
        --session._openStreams;
        return 0;
    }

    /// Such as a request after GOAWAY.
    static int onNotSent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
        const auto stream = from(user).find(frame->hd.stream_id);
        if (frame->hd.type == NGHTTP2_HEADERS && stream) stream->reset = NGHTTP2_REFUSED_STREAM;
        return 0;
    }

    static int onInvalidFrame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
        from(user).fail("an invalid frame of type " + std::to_string(frame->hd.type) + " for stream " +
                        std::to_string(frame->hd.stream_id) + ": " + nghttp2_strerror(error));
        return 0;
    }

    static ssize_t onSend(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t size,
                          std::uint32_t* flags, nghttp2_data_source* source, void*) {
        auto& stream = *static_cast<Http2Session::Stream*>(source->ptr);
        const auto left = stream.unsent.size() - stream.sent;
        if (left == 0 && !stream.isFinished) return NGHTTP2_ERR_DEFERRED;
        const auto now = std::min(left, size);
        std::memcpy(buffer, stream.unsent.data() + stream.sent, now);
        stream.sent += now;
        if (now == left) {
            stream.unsent.clear();
            stream.sent = 0;
            if (stream.isFinished) *flags |= NGHTTP2_DATA_FLAG_EOF;
        }
        return static_cast<ssize_t>(now);
    }
};

Http2Session::Http2Session(PipeClient connection, Http2Role role, const Http2Options& options)
    : _connection(std::move(connection)), _localPort(_connection.localPort()), _session(create(role)),
      _answersPings(options.answersPings), _wakeUp(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    submitSettings(options);
    _thread = std::thread([this] { run(); });
}

Http2Session::~Http2Session() {
    {
        const std::lock_guard lock(_mutex);
        _isOver = true;
    }
    wake();
    _thread.join();
    ::close(_wakeUp);
    if (!_failure.empty()) BOOST_ERROR("what was received by HTTP/2: " << _failure);
}

Http2Session::SessionPtr Http2Session::create(Http2Role role) {
    nghttp2_option* newOption = nullptr;
    nghttp2_option_new(&newOption);
    const std::unique_ptr<nghttp2_option, FreeOption> option(newOption);
    nghttp2_option_set_no_auto_window_update(newOption, 1);
    nghttp2_option_set_no_auto_ping_ack(newOption, 1);
    nghttp2_option_set_max_outbound_ack(newOption, kNoLimit);
    nghttp2_option_set_stream_reset_rate_limit(newOption, kNoLimit, kNoLimit);

    nghttp2_session_callbacks* newCallbacks = nullptr;
    nghttp2_session_callbacks_new(&newCallbacks);
    const std::unique_ptr<nghttp2_session_callbacks, FreeCallbacks> callbacks(newCallbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(newCallbacks, Http2Callbacks::onBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(newCallbacks, Http2Callbacks::onHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(newCallbacks, Http2Callbacks::onFrame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(newCallbacks, Http2Callbacks::onData);
    nghttp2_session_callbacks_set_on_stream_close_callback(newCallbacks, Http2Callbacks::onClose);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(newCallbacks, Http2Callbacks::onNotSent);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(newCallbacks,
                                                                 Http2Callbacks::onInvalidFrame);

    nghttp2_session* session = nullptr;
    require(role == Http2Role::Server ? nghttp2_session_server_new2(&session, newCallbacks, this, newOption)
                                      : nghttp2_session_client_new2(&session, newCallbacks, this, newOption),
            "a session");
    return SessionPtr(session);
}

void Http2Session::submitSettings(const Http2Options& options) {
    std::vector<nghttp2_settings_entry> entries{{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.streamWindow}};
    if (options.maxConcurrentStreams != 0)
        entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.maxConcurrentStreams});
    require(nghttp2_submit_settings(_session.get(), NGHTTP2_FLAG_NONE, entries.data(), entries.size()),
            "SETTINGS");
    require(nghttp2_session_set_local_window_size(_session.get(), NGHTTP2_FLAG_NONE, 0, kLargestWindow),
            "the connection's window");
}

void Http2Session::perform(const std::function<void()>& action) {
    {
        const std::lock_guard lock(_mutex);
        action();
        turn();
    }
    wake();
}

void Http2Session::await(const std::string& what, const std::function<bool()>& condition) {
    if (!holdsWithin(kPatience, condition)) throw TimedOut("waited in vain: " + what);
}

void Http2Session::awaitOrEnd(const std::string& what, const std::function<bool()>& condition) {
    if (!holdsOrEnded(kPatience, condition)) throw TimedOut("waited in vain: " + what);
}

bool Http2Session::holdsWithin(std::chrono::milliseconds patience, const std::function<bool()>& condition) {
    return holdsOrEnded(patience, [&] {
        if (condition()) return true;
        if (!isConnected()) throw ConnectionLost("HTTP/2's connection has ended " + _failure);
        return false;
    });
}

bool Http2Session::holdsOrEnded(std::chrono::milliseconds patience, const std::function<bool()>& condition) {
    std::unique_lock lock(_mutex);
    turn();
    const auto end = std::chrono::steady_clock::now() + patience;
    return _changed.wait_until(lock, end, [&] { return condition() || !isConnected(); });
}

Http2Session::StreamPtr Http2Session::open(const HeaderFields& fields, std::string_view firstBytes,
                                           bool isAll) {
    auto stream = std::make_shared<Stream>();
    stream->unsent = firstBytes;
    stream->isFinished = isAll;
    const auto pairs = pairsOf(fields);
    nghttp2_data_provider source{{.ptr = stream.get()}, Http2Callbacks::onSend};
    stream->id =
        nghttp2_submit_request(_session.get(), nullptr, pairs.data(), pairs.size(), &source, nullptr);
    require(stream->id, "a request");
    _streams[stream->id] = stream;
    ++_openStreams;
    return stream;
}

void Http2Session::answer(Stream& stream, int status, const HeaderFields& fields, bool isAll) {
    if (stream.isClosed) return; // the opener was faster
    HeaderFields all{{":status", std::to_string(status)}};
    all.insert(all.end(), fields.begin(), fields.end());
    const auto pairs = pairsOf(all);
    nghttp2_data_provider source{{.ptr = &stream}, Http2Callbacks::onSend};
    require(nghttp2_submit_response(_session.get(), stream.id, pairs.data(), pairs.size(),
                                    isAll ? nullptr : &source),
            "an answer");
}

void Http2Session::reset(const Stream& stream, std::uint32_t code) {
    if (stream.isClosed) return;
    require(nghttp2_submit_rst_stream(_session.get(), NGHTTP2_FLAG_NONE, stream.id, code), "RST_STREAM");
}

void Http2Session::send(Stream& stream, std::string_view data) {
    stream.unsent.append(data);
    nghttp2_session_resume_data(_session.get(), stream.id);
}

std::size_t Http2Session::takeBack(Stream& stream) {
    const auto left = stream.unsent.size() - stream.sent;
    stream.unsent.clear();
    stream.sent = 0;
    return left;
}

void Http2Session::finish(Stream& stream) {
    stream.isFinished = true;
    nghttp2_session_resume_data(_session.get(), stream.id);
}

std::size_t Http2Session::take(Stream& stream, char* buffer, std::size_t size) {
    const auto now = std::min(size, stream.available());
    std::memcpy(buffer, stream.received.data() + stream.taken, now);
    stream.taken += now;
    if (stream.available() == 0) {
        stream.received.clear();
        stream.taken = 0;
    }
    nghttp2_session_consume_stream(_session.get(), stream.id, now);
    return now;
}

void Http2Session::ping() {
    require(nghttp2_submit_ping(_session.get(), NGHTTP2_FLAG_NONE, nullptr), "PING");
}

void Http2Session::goaway(std::int32_t lastStreamId, std::uint32_t code) {
    require(nghttp2_submit_goaway(_session.get(), NGHTTP2_FLAG_NONE, lastStreamId, code, nullptr, 0),
            "GOAWAY");
}

void Http2Session::sendRaw(std::string_view bytes) {
    fillOutput();
    _output += bytes;
}

void Http2Session::close(bool isAbort) {
    _isClosed = true;
    if (isAbort)
        _connection.abort();
    else
        _connection.close();
}

void Http2Session::run() {
    for (;;) {
        {
            const std::lock_guard lock(_mutex);
            if (_isOver) return;
            turn();
        }
        waitForWork();
    }
}

void Http2Session::waitForWork() {
    std::array<pollfd, 2> waiting{{{_wakeUp, POLLIN, 0}, {-1, POLLIN, 0}}};
    {
        const std::lock_guard lock(_mutex);
        if (isConnected() && !_isPaused) waiting[1].fd = _connection.descriptor();
        if (_canSend && (!_output.empty() || _connection.hasUnsent())) waiting[1].events |= POLLOUT;
    }
    ::poll(waiting.data(), waiting.size(), -1);
    std::uint64_t woken = 0;
    [[maybe_unused]] const auto got = ::read(_wakeUp, &woken, sizeof(woken));
}

void Http2Session::wake() const {
    const std::uint64_t once = 1;
    [[maybe_unused]] const auto sent = ::write(_wakeUp, &once, sizeof(once));
}

/// Takes what has come and sends what is to be sent, as far as that goes without waiting.
void Http2Session::turn() {
    if (isConnected() && !_isPaused) {
        receive();
        if (isConnected())
            sendOutput();
        else
            _connection.close(); // the other end may wait for it
    }
    _changed.notify_all();
}

void Http2Session::receive() {
    std::array<char, 65536> chunk{};
    try {
        for (std::size_t taken = 0; taken < kInput;) {
            const auto got = _connection.receiveNow(chunk.data(), chunk.size());
            if (!got) return;
            if (*got == 0) {
                _end = _canSend ? _connection.end() : PipeClient::End::Reset;
                return;
            }
            taken += *got;
            const auto result = nghttp2_session_mem_recv(
                _session.get(), reinterpret_cast<const std::uint8_t*>(chunk.data()), *got);
            if (result >= 0) continue;
            fail(nghttp2_strerror(static_cast<int>(result)));
            _end = PipeClient::End::Reset;
            return;
        }
    } catch (const ConnectionLost&) {
        _end = PipeClient::End::Reset;
    }
}

/// After a failure there may still be something to receive, such as GOAWAY.
void Http2Session::sendOutput() {
    try {
        for (std::size_t sent = 0; _canSend && sent < kInput;) {
            fillOutput();
            const auto now = _connection.sendNow(_output);
            _output.erase(0, now);
            sent += now;
            if (now == 0) return;
        }
    } catch (const ConnectionLost&) {
        _canSend = false;
        _output.clear();
    }
}

void Http2Session::fillOutput() {
    while (_output.size() < kOutput) {
        const std::uint8_t* frames = nullptr;
        const auto size = nghttp2_session_mem_send(_session.get(), &frames);
        if (size <= 0) return;
        _output.append(text(frames, static_cast<std::size_t>(size)));
    }
}

Http2Session::StreamPtr Http2Session::find(std::int32_t id) const {
    const auto found = _streams.find(id);
    return found == _streams.end() ? nullptr : found->second;
}

void Http2Session::fail(const std::string& what) {
    if (_failure.empty()) _failure = what;
}

} // namespace connector::test
