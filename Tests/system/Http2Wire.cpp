#include "Http2Wire.h"

#include <algorithm>
#include <array>
#include <poll.h>

namespace connector::test {

namespace {

constexpr std::size_t kFrameHeader = 9;
/// How much a flood sends at once.
constexpr std::size_t kBatch = 256U << 10U;

std::uint32_t number(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char each : bytes)
        value = value << 8U | static_cast<std::uint8_t>(each);
    return value;
}

/// A length in front of a literal: a 7-bit prefix, and what is left in groups of 7 bits.
std::string lengthBytes(std::size_t length) {
    constexpr std::size_t kPrefix = 127;
    if (length < kPrefix) return {static_cast<char>(length)};
    std::string bytes(1, static_cast<char>(kPrefix));
    for (length -= kPrefix; length >= 128; length /= 128)
        bytes += static_cast<char>(length % 128 + 128);
    return bytes + static_cast<char>(length);
}

} // namespace

std::string http2Preface() {
    return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
}

std::string bytesOf(std::uint32_t number) {
    return {static_cast<char>(number >> 24U), static_cast<char>(number >> 16U),
            static_cast<char>(number >> 8U), static_cast<char>(number)};
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
    return bytesOf(static_cast<std::uint32_t>(payload.size())).substr(1) + static_cast<char>(type) +
           static_cast<char>(flags) + bytesOf(stream) + std::string(payload);
}

std::string setting(std::uint16_t id, std::uint32_t value) {
    return bytesOf(id).substr(2) + bytesOf(value);
}

std::string headerBlock(const HeaderFields& fields) {
    std::string block;
    for (const auto& [name, value] : fields)
        block += std::string(1, '\0') + lengthBytes(name.size()) + name + lengthBytes(value.size()) + value;
    return block;
}

bool Http2Wire::send(std::string_view bytes) {
    Deadline deadline;
    while (!_isEnded && (!bytes.empty() || _connection.hasUnsent())) {
        if (!_isDeaf) receiveNow();
        std::size_t sent = 0;
        try {
            sent = _connection.sendNow(bytes);
        } catch (const ConnectionLost&) { // what it had sent may still be there
            return receiveUntil([] { return false; });
        }
        bytes.remove_prefix(sent);
        if (sent != 0) deadline = Deadline();
        if (deadline.passed()) throw TimedOut("the flood is neither taken nor ended");
        if (sent == 0) wait(POLLOUT);
    }
    return !_isEnded;
}

void Http2Wire::flood(const std::string& frames, std::uint64_t times) {
    const auto perBatch = std::max<std::uint64_t>(1, kBatch / frames.size());
    std::string batch;
    for (std::uint64_t number = 0; number < perBatch; ++number)
        batch += frames;
    for (std::uint64_t sent = 0; sent < times; sent += perBatch)
        if (!send(batch)) return;
}

bool Http2Wire::isAlive() {
    const auto before = _pingAnswers;
    return send(frame(NGHTTP2_PING, 0, 0, "is alive")) &&
           receiveUntil([this, before] { return _pingAnswers > before; });
}

void Http2Wire::awaitEnd() {
    receiveUntil([] { return false; });
}

void Http2Wire::awaitFrame(std::uint8_t type, std::uint32_t stream) {
    if (!receiveUntil([&] { return find(type, stream) != nullptr; }))
        throw ConnectionLost("the connection ended before frame " + std::to_string(type));
}

std::optional<std::uint32_t> Http2Wire::resetCode(std::uint32_t stream) const {
    const auto* reset = find(NGHTTP2_RST_STREAM, stream);
    return reset == nullptr ? std::nullopt : std::optional(number(reset->payload));
}

std::uint32_t Http2Wire::awaitStream() {
    std::uint32_t stream = 0;
    const auto isFound = receiveUntil([&] {
        const auto found = std::find_if(_frames.begin(), _frames.end(),
                                        [](const Frame& each) { return each.type == NGHTTP2_HEADERS; });
        if (found == _frames.end()) return false;
        stream = found->stream;
        return true;
    });
    if (!isFound) throw ConnectionLost("the connection ended before a stream was opened");
    return stream;
}

void Http2Wire::wait(short events) {
    pollfd waiting{_connection.descriptor(), static_cast<short>(events | (_isDeaf ? 0 : POLLIN)), 0};
    ::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
}

/// Whether something has come.
bool Http2Wire::receiveNow() {
    std::array<char, 65536> chunk{};
    try {
        const auto got = _connection.receiveNow(chunk.data(), chunk.size());
        _isEnded = got == std::size_t{0};
        _input.append(chunk.data(), got.value_or(0));
        takeFrames();
        return got.has_value();
    } catch (const ConnectionLost&) {
        _isEnded = true;
        return true;
    }
}

template <typename Condition>
bool Http2Wire::receiveUntil(Condition condition) {
    const Deadline deadline;
    while (!condition()) {
        if (_isEnded) return false;
        if (deadline.passed()) throw TimedOut("the other end of HTTP/2 does nothing");
        if (!receiveNow()) wait(POLLIN);
    }
    return true;
}

/// The other end's, if it opens streams. False when not enough has come to tell.
bool Http2Wire::skipPreface() {
    const auto preface = http2Preface();
    if (_input.size() < preface.size() && preface.starts_with(_input)) return false;
    if (_input.starts_with(preface)) _input.erase(0, preface.size());
    return true;
}

void Http2Wire::takeFrames() {
    if (!_isPrefaceOver && !(_isPrefaceOver = skipPreface())) return;
    std::size_t at = 0;
    while (_input.size() - at >= kFrameHeader) {
        const auto head = std::string_view(_input).substr(at, kFrameHeader);
        const auto size = number(head.substr(0, 3));
        if (_input.size() - at < kFrameHeader + size) break;
        take({static_cast<std::uint8_t>(head[3]), static_cast<std::uint8_t>(head[4]), number(head.substr(5)),
              _input.substr(at + kFrameHeader, size)});
        at += kFrameHeader + size;
    }
    _input.erase(0, at);
}

void Http2Wire::take(const Frame& frame) {
    const bool isAcknowledgement = (frame.flags & NGHTTP2_FLAG_ACK) != 0;
    switch (frame.type) {
    case NGHTTP2_DATA:
    case NGHTTP2_WINDOW_UPDATE:
        return;
    case NGHTTP2_PING:
        if (isAcknowledgement && frame.payload == "is alive") ++_pingAnswers;
        return;
    case NGHTTP2_SETTINGS:
        return;
    case NGHTTP2_GOAWAY:
        if (frame.payload.size() >= 8) _goawayCode = number(std::string_view(frame.payload).substr(4, 4));
        return;
    default:
        _frames.push_back(frame);
    }
}

const Http2Wire::Frame* Http2Wire::find(std::uint8_t type, std::uint32_t stream) const {
    const auto found = std::find_if(_frames.begin(), _frames.end(), [&](const Frame& each) {
        return each.type == type && each.stream == stream;
    });
    return found == _frames.end() ? nullptr : &*found;
}

} // namespace connector::test
