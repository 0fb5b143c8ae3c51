#include "Http2Attacks.h"

#include "Http2Peer.h"

namespace connector::test {

namespace {

// Tables of tests are made before main(), when constants of other files may not be ready: functions are.

/// As much as a flood, but not more than a slow program can read in time.
std::uint64_t allowedFloodSize() {
    return scaled(kFlood);
}

HeaderFields connectHeader() {
    return connectFields("192.0.2.7:51234");
}

std::string headers(std::uint32_t stream, std::uint8_t flags, const HeaderFields& fields) {
    return frame(NGHTTP2_HEADERS, flags, stream, headerBlock(fields));
}

std::string reset(std::uint32_t stream) {
    return frame(NGHTTP2_RST_STREAM, 0, stream, bytesOf(NGHTTP2_CANCEL));
}

std::string windowUpdate(std::uint32_t stream, std::uint32_t increment) {
    return frame(NGHTTP2_WINDOW_UPDATE, 0, stream, bytesOf(increment));
}

/// A field that is 4000 bytes long and goes into the receiver's table, and then is named again and again,
/// with one byte each time.
std::string headerBomb(const HeaderFields& first, std::size_t times) {
    constexpr char kNewestEntry = static_cast<char>(0x80U | 62U);
    const auto value = std::string(4000, 'x');
    // 4000 as a length is 127, and then 3873 in two groups of 7 bits.
    const std::string length{'\x7F', static_cast<char>(3873 % 128 + 128), static_cast<char>(3873 / 128)};
    return headerBlock(first) + '\x40' + '\x04' + "bomb" + length + value + std::string(times, kNewestEntry);
}

/// Frames that carry on a header block which never ends.
void continueForever(Http2Wire& wire, std::uint32_t stream, const HeaderFields& fields) {
    wire.send(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_NONE, stream, headerBlock(fields)));
    wire.flood(frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_NONE, stream, headerBlock({{"a", "b"}})), kFlood);
}

void openAndReset(Http2Wire& wire) {
    std::uint32_t stream = 1;
    for (bool isOpen = true; isOpen && stream < 2 * kFlood / 10;) {
        std::string frames;
        for (int number = 0; number < 100; ++number, stream += 2)
            frames += connectFrame(stream) + reset(stream);
        isOpen = wire.send(frames);
    }
}

void openTooMany(Http2Wire& wire) {
    constexpr std::uint32_t kLimit = 16384;
    std::string frames;
    for (std::uint32_t number = 0; number < kLimit + 10; ++number)
        frames += connectFrame(2 * number + 1);
    wire.send(frames);
    if (wire.isAlive()) wire.awaitFrame(NGHTTP2_RST_STREAM, 2 * (kLimit + 9) + 1);
}

void sendBeyondTheWindow(Http2Wire& wire, std::uint32_t stream) {
    wire.flood(dataFrame(stream, std::string(16384, 'x')), 512);
}

Http2Attack flood(const std::string& name, const std::string& frames) {
    return {name, [frames](Http2Wire& wire) { wire.flood(frames, kFlood); }, {NGHTTP2_ENHANCE_YOUR_CALM}};
}

Http2Attack allowedFlood(const std::string& name, const std::string& frames) {
    return {name, [frames](Http2Wire& wire) { wire.flood(frames, allowedFloodSize()); }, {}, {}, true};
}

/// The same from one that takes none of the answers.
Http2Attack deafFlood(const std::string& name, const std::string& frames) {
    return {name + ", unread",
            [frames](Http2Wire& wire) {
                wire.setDeaf(true);
                wire.flood(frames, kFlood);
                wire.setDeaf(false);
            },
            {kAnyCode}}; // there may be no room left for GOAWAY
}

Http2Attack sending(const std::string& name, const std::string& bytes,
                    const std::vector<std::uint32_t>& codes,
                    const std::vector<std::uint32_t>& streamCodes = {}) {
    return {name, [bytes](Http2Wire& wire) { wire.send(bytes); }, codes, streamCodes};
}

Http2Attack allowed(Http2Attack attack) {
    attack.isAllowed = true;
    return attack;
}

/// What either end can do at any time, behind its SETTINGS.
std::vector<Http2Attack> attacksByAnyone() {
    return {
        flood("SETTINGS flood", settingsFrame()),
        deafFlood("SETTINGS flood", settingsFrame()),
        flood("PING flood", pingFrame()),
        deafFlood("PING flood", pingFrame()),
        flood("flood of WINDOW_UPDATE", windowUpdate(0, 1)),
        allowedFlood("flood of PRIORITY", frame(NGHTTP2_PRIORITY, 0, 1, bytesOf(0) + "\x10")),
        allowedFlood("flood of unknown frames", frame(0xBB, 0xFF, 0, "whatever")),
        allowedFlood("flood of answers to PING", frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678")),
        sending("SETTINGS with very many entries", settingsFrame(std::string(6 * 333UL, '\0')),
                {NGHTTP2_ENHANCE_YOUR_CALM}),
        sending("overflow of the connection's window",
                windowUpdate(0, 0x7FFFFFFF) + windowUpdate(0, 0x7FFFFFFF), {NGHTTP2_FLOW_CONTROL_ERROR}),
        sending("WINDOW_UPDATE of nothing", windowUpdate(0, 0), {NGHTTP2_PROTOCOL_ERROR}),
        sending("WINDOW_UPDATE of 3 bytes", frame(NGHTTP2_WINDOW_UPDATE, 0, 0, "abc"),
                {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("frame that is too large",
                bytesOf(131073).substr(1) + std::string(2, '\0') + bytesOf(1) + std::string(131073, 'x'),
                {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("preface twice", http2Preface(), {NGHTTP2_FRAME_SIZE_ERROR, NGHTTP2_PROTOCOL_ERROR}),
        sending("preface in the middle", pingFrame() + http2Preface() + settingsFrame(),
                {NGHTTP2_FRAME_SIZE_ERROR, NGHTTP2_PROTOCOL_ERROR}),
        sending("DATA on the connection", dataFrame(0, "x"), {NGHTTP2_PROTOCOL_ERROR}),
        sending("DATA on an idle stream", dataFrame(101, "x"), {NGHTTP2_PROTOCOL_ERROR}),
        sending("RST_STREAM of an idle stream", reset(101), {NGHTTP2_PROTOCOL_ERROR}),
        sending("WINDOW_UPDATE of an idle stream", windowUpdate(101, 1), {NGHTTP2_PROTOCOL_ERROR}),
        sending("CONTINUATION of nothing", frame(NGHTTP2_CONTINUATION, 0, 1, headerBlock({{"a", "b"}})),
                {NGHTTP2_PROTOCOL_ERROR}),
        sending("header on the connection", headers(0, NGHTTP2_FLAG_END_HEADERS, connectHeader()),
                {NGHTTP2_PROTOCOL_ERROR}),
        sending("SETTINGS of a stream", frame(NGHTTP2_SETTINGS, 0, 1), {NGHTTP2_PROTOCOL_ERROR}),
        sending("SETTINGS of 5 bytes", settingsFrame("12345"), {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("acknowledgement with entries",
                frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0)),
                {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("window that is too large",
                settingsFrame(setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000U)),
                {NGHTTP2_FLOW_CONTROL_ERROR}),
        sending("frames that are too small", settingsFrame(setting(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 100)),
                {NGHTTP2_PROTOCOL_ERROR}),
        sending("PING of a stream", frame(NGHTTP2_PING, 0, 1, "12345678"), {NGHTTP2_PROTOCOL_ERROR}),
        sending("PING of 7 bytes", frame(NGHTTP2_PING, 0, 0, "1234567"), {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("GOAWAY of a stream", frame(NGHTTP2_GOAWAY, 0, 1, bytesOf(0) + bytesOf(0)),
                {NGHTTP2_PROTOCOL_ERROR}),
        allowed(sending("table for headers that is very large",
                        settingsFrame(setting(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0xFFFFFFFFU)), {})),
    };
}

std::string answer(std::uint32_t stream, const std::string& status = "200") {
    return headers(stream, NGHTTP2_FLAG_END_HEADERS, {{":status", status}});
}

} // namespace

std::ostream& operator<<(std::ostream& out, const Http2Attack& attack) {
    return out << attack.name;
}

std::string settingsFrame(const std::string& entries) {
    return frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_NONE, 0, entries);
}

std::string pingFrame() {
    return frame(NGHTTP2_PING, 0, 0, "12345678");
}

std::string connectFrame(std::uint32_t stream) {
    return headers(stream, NGHTTP2_FLAG_END_HEADERS, connectHeader());
}

std::string dataFrame(std::uint32_t stream, std::string_view bytes, std::uint8_t flags) {
    return frame(NGHTTP2_DATA, flags, stream, bytes);
}

std::vector<Http2Attack> attacksByOpeners() {
    auto attacks = attacksByAnyone();
    const std::vector<Http2Attack> more{
        {"rapid reset", openAndReset, {NGHTTP2_ENHANCE_YOUR_CALM}},
        {"CONTINUATION flood",
         [](Http2Wire& wire) { continueForever(wire, 1, connectHeader()); },
         {kAnyCode}},
        {"flood of empty CONTINUATION",
         [](Http2Wire& wire) {
             wire.send(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_NONE, 1, headerBlock(connectHeader())));
             wire.flood(frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_NONE, 1), kFlood);
         },
         {kAnyCode}},
        allowed(sending(
            "header bomb",
            frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, headerBomb(connectHeader(), 10000)), {})),
        {"streams beyond the limit",
         openTooMany,
         {NGHTTP2_PROTOCOL_ERROR, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM},
         {},
         true},
        {"flood of empty DATA",
         [](Http2Wire& wire) {
             wire.send(connectFrame(1));
             wire.flood(dataFrame(1, ""), kFlood);
         },
         {NGHTTP2_ENHANCE_YOUR_CALM}},
        {"flood of DATA that is nothing but padding",
         [](Http2Wire& wire) {
             wire.send(connectFrame(1));
             wire.flood(dataFrame(1, std::string(1, '\0'), NGHTTP2_FLAG_PADDED), kFlood);
         },
         {NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_FLOW_CONTROL_ERROR},
         {NGHTTP2_FLOW_CONTROL_ERROR}},
        {"flood of WINDOW_UPDATE of a stream",
         [](Http2Wire& wire) {
             wire.send(connectFrame(1));
             wire.flood(windowUpdate(1, 1), kFlood);
         },
         {NGHTTP2_ENHANCE_YOUR_CALM}},
        {"flood of RST_STREAM of one stream",
         [](Http2Wire& wire) {
             wire.send(connectFrame(1));
             wire.flood(reset(1), kFlood);
         },
         {NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_STREAM_CLOSED, NGHTTP2_PROTOCOL_ERROR},
         {},
         true},
        {"DATA beyond the window",
         [](Http2Wire& wire) {
             wire.send(connectFrame(1));
             sendBeyondTheWindow(wire, 1);
         },
         {NGHTTP2_FLOW_CONTROL_ERROR},
         {NGHTTP2_FLOW_CONTROL_ERROR}},
        sending("overflow of a stream's window", connectFrame(1) + windowUpdate(1, 0x7FFFFFFF),
                {NGHTTP2_FLOW_CONTROL_ERROR}, {NGHTTP2_FLOW_CONTROL_ERROR}),
        sending("DATA behind the end of a stream",
                headers(1, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, connectHeader()) +
                    dataFrame(1, "more"),
                {NGHTTP2_STREAM_CLOSED, NGHTTP2_PROTOCOL_ERROR}, {NGHTTP2_STREAM_CLOSED}),
        {"DATA on a closed stream",
         [](Http2Wire& wire) { wire.send(connectFrame(1) + reset(1) + dataFrame(1, "more")); },
         {NGHTTP2_STREAM_CLOSED, NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_STREAM_CLOSED},
         true},
        {"header on a closed stream",
         [](Http2Wire& wire) { wire.send(connectFrame(1) + reset(1) + connectFrame(1)); },
         {NGHTTP2_STREAM_CLOSED, NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_STREAM_CLOSED},
         true},
        sending("stream with an even id", connectFrame(2), {NGHTTP2_PROTOCOL_ERROR}),
        allowed(
            sending("stream with a lower id", connectFrame(5) + connectFrame(3), {NGHTTP2_PROTOCOL_ERROR})),
        sending("frames in the middle of a header",
                frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_NONE, 1, headerBlock(connectHeader())) + pingFrame(),
                {NGHTTP2_PROTOCOL_ERROR}),
        sending("header that is no HPACK",
                frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, std::string(50, '\xFF')),
                {NGHTTP2_COMPRESSION_ERROR}),
        sending("push",
                frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1,
                      bytesOf(2) + headerBlock(connectHeader())),
                {NGHTTP2_PROTOCOL_ERROR}),
    };
    attacks.insert(attacks.end(), more.begin(), more.end());
    return attacks;
}

std::vector<Http2Attack> attacksByServers() {
    auto attacks = attacksByAnyone();
    const auto onStream = [](auto action) {
        return [action](Http2Wire& wire) { action(wire, wire.awaitStream()); };
    };
    const std::vector<Http2Attack> more{
        {"flood of empty DATA",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             wire.send(answer(stream));
             wire.flood(dataFrame(stream, ""), kFlood);
         }),
         {NGHTTP2_ENHANCE_YOUR_CALM}},
        {"flood of WINDOW_UPDATE of a stream",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             wire.send(answer(stream));
             wire.flood(windowUpdate(stream, 1), kFlood);
         }),
         {NGHTTP2_ENHANCE_YOUR_CALM}},
        {"flood of provisional answers",
         onStream([](Http2Wire& wire, std::uint32_t stream) { wire.flood(answer(stream, "103"), kFlood); }),
         {NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_PROTOCOL_ERROR, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_CANCEL}},
        {"CONTINUATION flood",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             continueForever(wire, stream, {{":status", "200"}});
         }),
         {kAnyCode}},
        {"header bomb",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             wire.send(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream,
                             headerBomb({{":status", "200"}}, 10000)));
         }),
         {},
         {},
         true},
        {"DATA beyond the window",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             wire.send(answer(stream));
             wire.flood(dataFrame(stream, std::string(16384, 'x')), 4096);
         }),
         {NGHTTP2_FLOW_CONTROL_ERROR},
         {NGHTTP2_FLOW_CONTROL_ERROR}},
        {"overflow of a stream's window",
         onStream([](Http2Wire& wire, std::uint32_t stream) { wire.send(windowUpdate(stream, 0x7FFFFFFF)); }),
         {NGHTTP2_FLOW_CONTROL_ERROR},
         {NGHTTP2_FLOW_CONTROL_ERROR}},
        {"DATA before the answer",
         onStream([](Http2Wire& wire, std::uint32_t stream) { wire.send(dataFrame(stream, "an answer")); }),
         {NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_PROTOCOL_ERROR}},
        {"DATA behind the end of a stream",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             wire.send(answer(stream) + dataFrame(stream, "", NGHTTP2_FLAG_END_STREAM) +
                       dataFrame(stream, "more"));
         }),
         {NGHTTP2_STREAM_CLOSED, NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_STREAM_CLOSED}},
        {"answer without a status",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             wire.send(headers(stream, NGHTTP2_FLAG_END_HEADERS, {{"server", "x"}}));
         }),
         {NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_PROTOCOL_ERROR}},
        {"answer whose status is no number",
         onStream([](Http2Wire& wire, std::uint32_t stream) { wire.send(answer(stream, "x y")); }),
         {NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_PROTOCOL_ERROR}},
        {"push",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             // Only when it has acknowledged that it must not.
             wire.send(frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0) +
                       frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, stream,
                             bytesOf(2) + headerBlock(connectHeader())));
         }),
         {NGHTTP2_PROTOCOL_ERROR}},
        sending("stream of its own", connectFrame(2), {NGHTTP2_PROTOCOL_ERROR}),
    };
    attacks.insert(attacks.end(), more.begin(), more.end());
    return attacks;
}

std::vector<Http2Attack> attacksWithoutPreface() {
    return {
        sending("garbage instead of the preface", std::string(1000, 'x'), {kAnyCode}),
        sending("zeros instead of the preface", std::string(1000, '\0'), {kAnyCode}),
        sending("HTTP/1.1 instead of the preface", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", {kAnyCode}),
        sending("lines of an earlier protocol", "BEAT\nBEAT\nBEAT\nOPEN 192.0.2.7:1234\n", {kAnyCode}),
        sending("no SETTINGS first", http2Preface() + pingFrame() + pingFrame(), {kAnyCode}),
        sending("half the preface", http2Preface().substr(0, 12) + std::string(100, 'x'), {kAnyCode})};
}

} // namespace connector::test
