#include "http2/Http2Callbacks.h"

#include "base/Printable.h"

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

namespace connector {

namespace {

constexpr std::size_t kFrameHeader = 9; // RFC 9113, section 4.1

/// What large pieces of data are not copied from this size on: less costs less to copy than to send apart.
constexpr std::size_t kNotCopied = 8 * 1024;

constexpr std::size_t kReceiveBuffer = 512 * 1024;

Http2Session& of(void* session) {
    return *static_cast<Http2Session*>(session);
}

std::string_view text(const std::uint8_t* bytes, std::size_t length) {
    return {reinterpret_cast<const char*>(bytes), length};
}

} // namespace

Http2Batch& http2Batch() {
    thread_local Http2Batch batch;
    return batch;
}

std::span<std::byte> http2ReceiveBuffer() {
    thread_local std::vector<std::byte> buffer(kReceiveBuffer);
    return buffer;
}

const nghttp2_session_callbacks* Http2Session::Callbacks::all() {
    static nghttp2_session_callbacks* const callbacks = [] {
        nghttp2_session_callbacks* made = nullptr;
        if (::nghttp2_session_callbacks_new(&made) != 0) throw std::bad_alloc();
        ::nghttp2_session_callbacks_set_on_begin_headers_callback(made, onBeginHeaders);
        ::nghttp2_session_callbacks_set_on_header_callback(made, onHeader);
        ::nghttp2_session_callbacks_set_on_frame_recv_callback(made, onFrame);
        ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, onData);
        ::nghttp2_session_callbacks_set_on_stream_close_callback(made, onStreamClose);
        ::nghttp2_session_callbacks_set_on_frame_send_callback(made, onFrameSent);
        ::nghttp2_session_callbacks_set_data_source_read_length_callback(made, frameLength);
        ::nghttp2_session_callbacks_set_send_data_callback(made, send);
        return made;
    }();
    return callbacks;
}

int Http2Session::Callbacks::onBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* session) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto& self = of(session);
    auto stream = self.makeStream();
    stream->_id = frame->hd.stream_id;
    stream->_isOpen = true;
    stream->_request = std::make_unique<ConnectRequestReader>();
    ::nghttp2_session_set_stream_user_data(self._session.get(), frame->hd.stream_id, stream.get());
    self._arriving.push_back(std::move(stream));
    return 0;
}

int Http2Session::Callbacks::onHeader(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name_,
                                      std::size_t nameLength, const std::uint8_t* value_,
                                      std::size_t valueLength, std::uint8_t, void* session) {
    auto* stream = of(session).find(frame->hd.stream_id);
    if (!stream) return 0;
    const auto name = text(name_, nameLength);
    const auto value = text(value_, valueLength);
    if (stream->_request) {
        if (stream->_request->add(name, value)) return 0;
        of(session).misbehaved("sent more header fields than fit into " +
                               std::to_string(ConnectRequestReader::kMaxHeaderList) + " bytes");
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (name == ":status") std::from_chars(value.data(), value.data() + value.size(), stream->_statusRead);
    if (name == "pipe-reason" && stream->_answer == Http2Stream::Answer::Awaited)
        stream->_reason = printable(std::string(value));
    return 0;
}

int Http2Session::Callbacks::onFrame(nghttp2_session*, const nghttp2_frame* frame, void* session) {
    of(session).onFrame(*frame);
    return of(session)._hasMisbehaved ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

int Http2Session::Callbacks::onData(nghttp2_session* nghttp2, std::uint8_t, std::int32_t id,
                                    const std::uint8_t* bytes, std::size_t length, void* session) {
    auto& self = of(session);
    ::nghttp2_session_consume_connection(nghttp2, length); // it is streams that block, never the connection
    auto* stream = self.find(id);
    if (!stream) return 0;
    self._payloadReceived += length;
    stream->takeIn(std::as_bytes(std::span(bytes, length)));
    self._context.buffered.add(length);
    self.markReady(*stream);
    if (!std::exchange(stream->_isFed, true)) self._fed.push_back(stream);
    return 0;
}

int Http2Session::Callbacks::onStreamClose(nghttp2_session*, std::int32_t id, std::uint32_t error,
                                           void* session) {
    if (auto* stream = of(session).find(id)) of(session).onStreamClosed(*stream, error);
    return 0;
}

/// The opener of a stream that has been refused, or destroyed with all said, may not know yet that nobody
/// listens any more.
int Http2Session::Callbacks::onFrameSent(nghttp2_session* nghttp2, const nghttp2_frame* frame,
                                         void* session) {
    auto& self = of(session);
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR && self._why.empty())
        self._why =
            std::string("it did not keep to HTTP/2: ") + ::nghttp2_http2_strerror(frame->goaway.error_code);
    const bool isEnd = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                       (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!isEnd || ::nghttp2_session_get_stream_remote_close(nghttp2, frame->hd.stream_id) == 1) return 0;
    if (!self.find(frame->hd.stream_id))
        ::nghttp2_submit_rst_stream(nghttp2, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

ssize_t Http2Session::Callbacks::frameLength(nghttp2_session*, std::uint8_t, std::int32_t,
                                             std::int32_t sessionWindow, std::int32_t streamWindow,
                                             std::uint32_t most, void*) {
    const auto window = static_cast<std::uint32_t>(std::max(0, std::min(sessionWindow, streamWindow)));
    return std::max<ssize_t>(1, std::min({window, most, static_cast<std::uint32_t>(kHttp2Batch)}));
}

ssize_t Http2Session::Callbacks::read(nghttp2_session*, std::int32_t id, std::uint8_t*, std::size_t length,
                                      std::uint32_t* flags, nghttp2_data_source*, void* session) {
    auto* stream = of(session).find(id);
    const auto bytes = stream ? std::min(stream->out().size(), length) : 0;
    const bool isLast = !stream || (stream->_isEnding && bytes == stream->unsent());
    if (bytes == 0 && !isLast) {
        stream->_isDeferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (isLast) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(bytes);
}

int Http2Session::Callbacks::send(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* header,
                                  std::size_t length, nghttp2_data_source*, void* session) {
    auto& self = of(session);
    auto& batch = http2Batch();
    const auto head = std::as_bytes(std::span(header, kFrameHeader));
    batch.bytes.insert(batch.bytes.end(), head.begin(), head.end());
    auto* stream = self.find(frame->hd.stream_id);
    if (stream && length > 0) {
        self._budgets.onDataSent(length);
        self._payloadSent += length;
        const auto payload = stream->out().first(length);
        if (length >= kNotCopied) {
            batch.tail = payload;
            batch.tailOf = stream;
            return NGHTTP2_ERR_PAUSE; // it goes now
        }
        batch.bytes.insert(batch.bytes.end(), payload.begin(), payload.end());
        self.skipOut(*stream, length);
    }
    // Nothing else would keep nghttp2 from going on when the connection takes no more.
    return batch.bytes.size() >= kHttp2Batch ? NGHTTP2_ERR_PAUSE : 0;
}

} // namespace connector
