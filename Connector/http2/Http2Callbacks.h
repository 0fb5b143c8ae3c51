#pragma once

#include "http2/Http2Session.h"

namespace connector {

/// What nghttp2 calls: each finds the session and its stream, and leaves the rest to them. None may call
/// nghttp2's mem_recv or mem_send, and none calls a handler or an owner: those are called when nghttp2 has
/// returned.
struct Http2Session::Callbacks {
    /// One set for all sessions; throws std::bad_alloc.
    static const nghttp2_session_callbacks* all();

    /// Of what streams have to send.
    static nghttp2_data_provider provider() {
        nghttp2_data_provider made{};
        made.read_callback = read;
        return made;
    }

    static int onBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* session);
    static int onHeader(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                        std::size_t nameLength, const std::uint8_t* value, std::size_t valueLength,
                        std::uint8_t flags, void* session);
    static int onFrame(nghttp2_session*, const nghttp2_frame* frame, void* session);
    static int onData(nghttp2_session*, std::uint8_t flags, std::int32_t id, const std::uint8_t* bytes,
                      std::size_t length, void* session);
    static int onStreamClose(nghttp2_session*, std::int32_t id, std::uint32_t error, void* session);
    static int onFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* session);
    static ssize_t frameLength(nghttp2_session*, std::uint8_t type, std::int32_t id,
                               std::int32_t sessionWindow, std::int32_t streamWindow, std::uint32_t most,
                               void* session);
    static ssize_t read(nghttp2_session*, std::int32_t id, std::uint8_t* into, std::size_t length,
                        std::uint32_t* flags, nghttp2_data_source*, void* session);
    static int send(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* header, std::size_t length,
                    nghttp2_data_source*, void* session);
};

/// What a session has ready to be sent; nothing when none of its functions is under way. One for each thread.
struct Http2Batch {
    std::vector<std::byte> bytes;
    /// A large piece behind them, which is not copied, and the stream that it is of.
    std::span<const std::byte> tail;
    Http2Stream* tailOf = nullptr;

    bool isEmpty() const { return bytes.empty() && tail.empty(); }
};
Http2Batch& http2Batch();

/// What a session receives into, and streams take from before it receives again. One for each thread.
std::span<std::byte> http2ReceiveBuffer();

/// A session sends as soon as it has so many bytes; a frame of DATA is no longer. More gains nothing, and
/// lets small messages wait.
constexpr std::size_t kHttp2Batch = 128 * 1024;

} // namespace connector
