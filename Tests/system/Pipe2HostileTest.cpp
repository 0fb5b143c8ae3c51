#include "Http2Wire.h"
#include "TestAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <optional>
#include <ostream>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
/// More of anything than an honest peer would send without a word in between.
constexpr std::uint64_t kFlood = 1000000;
/// As much, but not more than a slow program can read in time.
const std::uint64_t kAllowedFlood = scaled(kFlood);
constexpr std::uint32_t kAny = 0xFFFFFFFF;
constexpr std::uint64_t kMebibyte = 1U << 20U;

const HeaderFields kConnect = connectFields("192.0.2.7:51234");

/// What an agent with the right passcode does to Connector, and what it gets for it.
struct Attack {
    std::string name;
    std::function<void(Http2Wire&)> run;
    /// Codes of GOAWAY, one of which is expected. kAny among them: any, or none; the connection just ends.
    std::vector<std::uint32_t> codes;
    /// Codes of RST_STREAM of the attacked stream that are as good, or are expected when `codes` is empty.
    std::vector<std::uint32_t> streamCodes{};
    /// HTTP/2 allows it, or leaves it to Connector: the connection may go on.
    bool isAllowed = false;
};
std::ostream& operator<<(std::ostream& out, const Attack& attack) {
    return out << attack.name;
}

std::string settings(const std::string& entries = "") {
    return frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_NONE, 0, entries);
}

std::string headers(std::uint32_t stream, std::uint8_t flags, const HeaderFields& fields) {
    return frame(NGHTTP2_HEADERS, flags, stream, headerBlock(fields));
}

std::string connect(std::uint32_t stream) {
    return headers(stream, NGHTTP2_FLAG_END_HEADERS, kConnect);
}

std::string data(std::uint32_t stream, std::string_view bytes, std::uint8_t flags = NGHTTP2_FLAG_NONE) {
    return frame(NGHTTP2_DATA, flags, stream, bytes);
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
            frames += connect(stream) + reset(stream);
        isOpen = wire.send(frames);
    }
}

void openTooMany(Http2Wire& wire) {
    constexpr std::uint32_t kLimit = 16384;
    std::string frames;
    for (std::uint32_t number = 0; number < kLimit + 10; ++number)
        frames += connect(2 * number + 1);
    wire.send(frames);
    if (wire.isAlive()) wire.awaitFrame(NGHTTP2_RST_STREAM, 2 * (kLimit + 9) + 1);
}

void sendBeyondTheWindow(Http2Wire& wire, std::uint32_t stream) {
    wire.flood(data(stream, std::string(16384, 'x')), 512);
}

Attack flood(const std::string& name, const std::string& frames) {
    return {name, [frames](Http2Wire& wire) { wire.flood(frames, kFlood); }, {NGHTTP2_ENHANCE_YOUR_CALM}};
}

Attack allowedFlood(const std::string& name, const std::string& frames) {
    return {name, [frames](Http2Wire& wire) { wire.flood(frames, kAllowedFlood); }, {}, {}, true};
}

/// The same from one that takes none of the answers.
Attack deafFlood(const std::string& name, const std::string& frames) {
    return {name + ", unread",
            [frames](Http2Wire& wire) {
                wire.setDeaf(true);
                wire.flood(frames, kFlood);
                wire.setDeaf(false);
            },
            {kAny}}; // there may be no room left for GOAWAY
}

Attack sending(const std::string& name, const std::string& bytes, const std::vector<std::uint32_t>& codes,
               const std::vector<std::uint32_t>& streamCodes = {}) {
    return {name, [bytes](Http2Wire& wire) { wire.send(bytes); }, codes, streamCodes};
}

Attack allowed(Attack attack) {
    attack.isAllowed = true;
    return attack;
}

const std::string kPing = frame(NGHTTP2_PING, 0, 0, "12345678");

/// What either end can do at any time, behind its SETTINGS.
std::vector<Attack> attacksByAnyone() {
    return {
        flood("SETTINGS flood", settings()),
        deafFlood("SETTINGS flood", settings()),
        flood("PING flood", kPing),
        deafFlood("PING flood", kPing),
        flood("flood of WINDOW_UPDATE", windowUpdate(0, 1)),
        allowedFlood("flood of PRIORITY", frame(NGHTTP2_PRIORITY, 0, 1, bytesOf(0) + "\x10")),
        allowedFlood("flood of unknown frames", frame(0xBB, 0xFF, 0, "whatever")),
        allowedFlood("flood of answers to PING", frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678")),
        sending("SETTINGS with very many entries", settings(std::string(2000, '\0')),
                {NGHTTP2_ENHANCE_YOUR_CALM}),
        sending("overflow of the connection's window",
                windowUpdate(0, 0x7FFFFFFF) + windowUpdate(0, 0x7FFFFFFF), {NGHTTP2_FLOW_CONTROL_ERROR}),
        sending("WINDOW_UPDATE of nothing", windowUpdate(0, 0), {NGHTTP2_PROTOCOL_ERROR}),
        sending("WINDOW_UPDATE of 3 bytes", frame(NGHTTP2_WINDOW_UPDATE, 0, 0, "abc"),
                {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("frame that is too large",
                bytesOf(65537).substr(1) + std::string(2, '\0') + bytesOf(1) + std::string(65537, 'x'),
                {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("preface twice", kHttp2Preface, {NGHTTP2_FRAME_SIZE_ERROR, NGHTTP2_PROTOCOL_ERROR}),
        sending("preface in the middle", kPing + kHttp2Preface + settings(),
                {NGHTTP2_FRAME_SIZE_ERROR, NGHTTP2_PROTOCOL_ERROR}),
        sending("DATA on the connection", data(0, "x"), {NGHTTP2_PROTOCOL_ERROR}),
        sending("DATA on an idle stream", data(101, "x"), {NGHTTP2_PROTOCOL_ERROR}),
        sending("RST_STREAM of an idle stream", reset(101), {NGHTTP2_PROTOCOL_ERROR}),
        sending("WINDOW_UPDATE of an idle stream", windowUpdate(101, 1), {NGHTTP2_PROTOCOL_ERROR}),
        sending("CONTINUATION of nothing", frame(NGHTTP2_CONTINUATION, 0, 1, headerBlock({{"a", "b"}})),
                {NGHTTP2_PROTOCOL_ERROR}),
        sending("header on the connection", headers(0, NGHTTP2_FLAG_END_HEADERS, kConnect),
                {NGHTTP2_PROTOCOL_ERROR}),
        sending("SETTINGS of a stream", frame(NGHTTP2_SETTINGS, 0, 1), {NGHTTP2_PROTOCOL_ERROR}),
        sending("SETTINGS of 5 bytes", settings("12345"), {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("acknowledgement with entries",
                frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0)),
                {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("window that is too large",
                settings(setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000U)),
                {NGHTTP2_FLOW_CONTROL_ERROR}),
        sending("frames that are too small", settings(setting(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 100)),
                {NGHTTP2_PROTOCOL_ERROR}),
        sending("PING of a stream", frame(NGHTTP2_PING, 0, 1, "12345678"), {NGHTTP2_PROTOCOL_ERROR}),
        sending("PING of 7 bytes", frame(NGHTTP2_PING, 0, 0, "1234567"), {NGHTTP2_FRAME_SIZE_ERROR}),
        sending("GOAWAY of a stream", frame(NGHTTP2_GOAWAY, 0, 1, bytesOf(0) + bytesOf(0)),
                {NGHTTP2_PROTOCOL_ERROR}),
        allowed(sending("table for headers that is very large",
                        settings(setting(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0xFFFFFFFFU)), {})),
    };
}

/// What an agent that opens streams can do.
std::vector<Attack> attacksByOpeners() {
    auto attacks = attacksByAnyone();
    const std::vector<Attack> more{
        {"rapid reset", openAndReset, {NGHTTP2_ENHANCE_YOUR_CALM}},
        {"CONTINUATION flood",
         [](Http2Wire& wire) { continueForever(wire, 1, kConnect); },
         {NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_INTERNAL_ERROR}},
        {"flood of empty CONTINUATION",
         [](Http2Wire& wire) {
             wire.send(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_NONE, 1, headerBlock(kConnect)));
             wire.flood(frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_NONE, 1), kFlood);
         },
         {NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_INTERNAL_ERROR}},
        allowed(sending("header bomb",
                        frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, headerBomb(kConnect, 10000)),
                        {})),
        {"streams beyond the limit",
         openTooMany,
         {NGHTTP2_PROTOCOL_ERROR, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM},
         {},
         true},
        {"flood of empty DATA",
         [](Http2Wire& wire) {
             wire.send(connect(1));
             wire.flood(data(1, ""), kFlood);
         },
         {NGHTTP2_ENHANCE_YOUR_CALM}},
        {"flood of DATA that is nothing but padding",
         [](Http2Wire& wire) {
             wire.send(connect(1));
             wire.flood(data(1, std::string(1, '\0'), NGHTTP2_FLAG_PADDED), kFlood);
         },
         {NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_FLOW_CONTROL_ERROR},
         {NGHTTP2_FLOW_CONTROL_ERROR}},
        {"flood of WINDOW_UPDATE of a stream",
         [](Http2Wire& wire) {
             wire.send(connect(1));
             wire.flood(windowUpdate(1, 1), kFlood);
         },
         {NGHTTP2_ENHANCE_YOUR_CALM}},
        {"flood of RST_STREAM of one stream",
         [](Http2Wire& wire) {
             wire.send(connect(1));
             wire.flood(reset(1), kFlood);
         },
         {NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_STREAM_CLOSED, NGHTTP2_PROTOCOL_ERROR},
         {},
         true},
        {"DATA beyond the window",
         [](Http2Wire& wire) {
             wire.send(connect(1));
             sendBeyondTheWindow(wire, 1);
         },
         {NGHTTP2_FLOW_CONTROL_ERROR},
         {NGHTTP2_FLOW_CONTROL_ERROR}},
        sending("overflow of a stream's window", connect(1) + windowUpdate(1, 0x7FFFFFFF),
                {NGHTTP2_FLOW_CONTROL_ERROR}, {NGHTTP2_FLOW_CONTROL_ERROR}),
        sending("DATA behind the end of a stream",
                headers(1, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, kConnect) + data(1, "more"),
                {NGHTTP2_STREAM_CLOSED, NGHTTP2_PROTOCOL_ERROR}, {NGHTTP2_STREAM_CLOSED}),
        {"DATA on a closed stream",
         [](Http2Wire& wire) { wire.send(connect(1) + reset(1) + data(1, "more")); },
         {NGHTTP2_STREAM_CLOSED, NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_STREAM_CLOSED},
         true},
        {"header on a closed stream",
         [](Http2Wire& wire) { wire.send(connect(1) + reset(1) + connect(1)); },
         {NGHTTP2_STREAM_CLOSED, NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_STREAM_CLOSED},
         true},
        sending("stream with an even id", connect(2), {NGHTTP2_PROTOCOL_ERROR}),
        sending("stream with a lower id", connect(5) + connect(3),
                {NGHTTP2_PROTOCOL_ERROR, NGHTTP2_STREAM_CLOSED}),
        sending("frames in the middle of a header",
                frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_NONE, 1, headerBlock(kConnect)) + kPing,
                {NGHTTP2_PROTOCOL_ERROR}),
        sending("header that is no HPACK",
                frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, std::string(50, '\xFF')),
                {NGHTTP2_COMPRESSION_ERROR}),
        sending("push",
                frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, bytesOf(2) + headerBlock(kConnect)),
                {NGHTTP2_PROTOCOL_ERROR}),
    };
    attacks.insert(attacks.end(), more.begin(), more.end());
    return attacks;
}

std::string answer(std::uint32_t stream, const std::string& status = "200") {
    return headers(stream, NGHTTP2_FLAG_END_HEADERS, {{":status", status}});
}

/// What an agent that serves can do with a visitor's stream.
std::vector<Attack> attacksByServers() {
    auto attacks = attacksByAnyone();
    const auto onStream = [](auto action) {
        return [action](Http2Wire& wire) { action(wire, wire.awaitStream()); };
    };
    const std::vector<Attack> more{
        {"flood of empty DATA",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             wire.send(answer(stream));
             wire.flood(data(stream, ""), kFlood);
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
         {NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_INTERNAL_ERROR}},
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
             wire.flood(data(stream, std::string(16384, 'x')), 4096);
         }),
         {NGHTTP2_FLOW_CONTROL_ERROR},
         {NGHTTP2_FLOW_CONTROL_ERROR}},
        {"overflow of a stream's window",
         onStream([](Http2Wire& wire, std::uint32_t stream) { wire.send(windowUpdate(stream, 0x7FFFFFFF)); }),
         {NGHTTP2_FLOW_CONTROL_ERROR},
         {NGHTTP2_FLOW_CONTROL_ERROR}},
        {"DATA before the answer",
         onStream([](Http2Wire& wire, std::uint32_t stream) { wire.send(data(stream, "an answer")); }),
         {NGHTTP2_PROTOCOL_ERROR},
         {NGHTTP2_PROTOCOL_ERROR}},
        {"DATA behind the end of a stream",
         onStream([](Http2Wire& wire, std::uint32_t stream) {
             wire.send(answer(stream) + data(stream, "", NGHTTP2_FLAG_END_STREAM) + data(stream, "more"));
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
             wire.send(frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, stream,
                             bytesOf(2) + headerBlock(kConnect)));
         }),
         {NGHTTP2_PROTOCOL_ERROR}},
        sending("stream of its own", connect(2), {NGHTTP2_PROTOCOL_ERROR}),
    };
    attacks.insert(attacks.end(), more.begin(), more.end());
    return attacks;
}

/// What is sent in place of HTTP/2.
std::vector<Attack> attacksWithoutPreface() {
    return {sending("garbage instead of the preface", std::string(1000, 'x'), {kAny}),
            sending("zeros instead of the preface", std::string(1000, '\0'), {kAny}),
            sending("HTTP/1.1 instead of the preface", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", {kAny}),
            sending("lines of an earlier protocol", "BEAT\nBEAT\nBEAT\nOPEN 192.0.2.7:1234\n", {kAny}),
            sending("no SETTINGS first", kHttp2Preface + kPing + kPing, {kAny}),
            sending("half the preface", kHttp2Preface.substr(0, 12) + std::string(100, 'x'), {kAny})};
}

bool isAmong(std::optional<std::uint32_t> code, const std::vector<std::uint32_t>& codes) {
    const auto has = [&codes](std::uint32_t each) {
        return std::find(codes.begin(), codes.end(), each) != codes.end();
    };
    return has(kAny) || (code && has(*code));
}

/// An honest agent with a visitor, or a partner on the other side, who must not notice anything.
class Neighbour {
  public:
    explicit Neighbour(const OpenPublicPipe& pipe)
        : _agent(servingAgent(pipe)), _newVisitor([&pipe] { return pipe.visitor(); }),
          _visitor(pipe.visitor()), _stream(_agent.nextRequest()) {
        _stream.answer();
    }

    /// Its conversation goes on.
    void requireTalk() {
        BOOST_TEST(areJoined(_visitor, _stream));
        _agent.roundTrip();
    }

    /// And it is given another visitor.
    void requireService() {
        auto visitor = _newVisitor();
        visitor.send("a request");
        auto stream = _agent.nextRequest();
        stream.answer();
        BOOST_TEST(stream.readExactly(9) == "a request");
        BOOST_TEST(areJoined(visitor, stream));
    }

  private:
    Http2Peer _agent;
    std::function<PipeClient()> _newVisitor;
    PipeClient _visitor;
    Http2Stream _stream;
};

/// What came of an attack.
void requireOutcome(const OpenPipe& pipe, Http2Wire& wire, const Attack& attack, std::uint32_t stream = 1) {
    if (wire.isAlive()) {
        BOOST_TEST((attack.isAllowed || isAmong(wire.resetCode(stream), attack.streamCodes)),
                   "the connection goes on, and so does the stream");
        return;
    }
    const auto code = wire.goawayCode();
    BOOST_TEST((attack.isAllowed || isAmong(code, attack.codes)),
               "GOAWAY with " << (code ? std::to_string(*code) : "nothing"));
    pipe.connector().waitForLog("127.0.0.1:" + std::to_string(wire.localPort()) + " lost: ");
}

/// How much the process may grow meanwhile.
std::uint64_t allowedGrowth() {
    return (isScaledDown() ? 128 : 32) * kMebibyte;
}

const auto kByOpeners = bdata::make(kModes) * bdata::make(attacksByOpeners());
const auto kByServers = bdata::make(kModes) * bdata::make(attacksByServers());
const auto kWithoutPreface = bdata::make(kModes) * bdata::make(attacksWithoutPreface());

} // namespace

/// Agents that have the right passcode, and bad intentions.
BOOST_AUTO_TEST_SUITE(Pipe2Hostile)

BOOST_DATA_TEST_CASE(OpenerHarmsNobodyElse, kByOpeners, mode, attack) {
    OpenPrivatePipe pipe(mode, {.limits = {{"open", kNever}, {"visitor-wait", kNever}}});
    auto agent = servingAgent(pipe, Side::Port1, {.maxConcurrentStreams = 1});
    auto opener = openingAgent(pipe, Side::Port2);
    auto from = opener.open();
    auto to = agent.nextRequest();
    to.answer();
    auto connection = pipe.connector().connect(pipe.mapping().port2);
    authorizePipe2(connection, pipe.mapping().passcode2, PipeRole::Opens);
    Http2Wire wire(std::move(connection));
    auto& process = pipe.connector().process();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    wire.send(kHttp2Preface + settings());
    attack.run(wire);
    requireOutcome(pipe, wire, attack);
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
    BOOST_TEST(areJoined(from, to));
    opener.roundTrip();
}

BOOST_DATA_TEST_CASE(ServerHarmsNobodyElse, kByServers, mode, attack) {
    OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}}});
    auto connection = pipe.connector().connect(pipe.mapping().port1);
    authorizePipe2(connection, pipe.mapping().passcode1);
    Http2Wire wire(std::move(connection));
    auto& process = pipe.connector().process();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    wire.send(settings());
    auto victim = pipe.visitor({.bufferSize = 65536});
    const auto stream = wire.awaitStream();
    Neighbour neighbour(pipe);
    attack.run(wire);
    requireOutcome(pipe, wire, attack, stream);
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
    neighbour.requireTalk();
}

BOOST_DATA_TEST_CASE(WhatIsNoHttp2EndsTheConnection, kWithoutPreface* bdata::make(kSides), mode, attack,
                     side) {
    const OpenPrivatePipe pipe(mode);
    for (const auto role : {PipeRole::Serves, PipeRole::Opens}) {
        auto connection = pipe.connector().connect(portOf(pipe, side));
        authorizePipe2(connection, passcodeOf(pipe, side), role);
        Http2Wire wire(std::move(connection));
        attack.run(wire);
        wire.awaitEnd();
        pipe.connector().waitForLog("127.0.0.1:" + std::to_string(wire.localPort()) + " lost: ");
    }
}

BOOST_DATA_TEST_CASE(NeighboursAreServedDuringAttacks, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    Neighbour neighbour(pipe);
    const auto other = pipe.api().addPublic();
    std::atomic<bool> isOver{false};
    auto attacking = std::async(std::launch::async, [&] {
        while (!isOver) {
            auto connection = pipe.connector().connect(other.port1);
            authorizePipe2(connection, other.passcode1);
            Http2Wire wire(std::move(connection));
            wire.send(settings());
            wire.flood(kPing, kFlood);
        }
    });
    for (int round = 0; round < 100; ++round) {
        neighbour.requireTalk();
        neighbour.requireService();
    }
    isOver = true;
    attacking.get();
}

/// A library's memory of an attack ends with the connection.
BOOST_DATA_TEST_CASE(AttacksLeaveNothingBehind, kModes, mode) {
    constexpr int kRounds = 30;
    OpenPrivatePipe pipe(mode);
    auto& process = pipe.connector().process();
    const auto attackOnce = [&pipe] {
        auto connection = pipe.connector().connect(pipe.mapping().port1);
        authorizePipe2(connection, pipe.mapping().passcode1, PipeRole::Opens);
        Http2Wire wire(std::move(connection));
        wire.send(kHttp2Preface + settings());
        for (std::uint32_t number = 0; number < 1000; ++number)
            wire.send(connect(2 * number + 1));
        wire.send(data(0, "x"));
        wire.awaitEnd();
    };
    attackOnce();
    const auto descriptors = process.descriptorCount();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    for (int round = 0; round < kRounds; ++round)
        attackOnce();
    waitUntil("the descriptors are given back", [&] { return process.descriptorCount() <= descriptors; });
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
    auto agent = servingAgent(pipe, Side::Port1);
    agent.roundTrip();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
