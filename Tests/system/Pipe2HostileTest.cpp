#include "Http2Attacks.h"
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
constexpr std::uint64_t kMebibyte = 1U << 20U;

bool isAmong(std::optional<std::uint32_t> code, const std::vector<std::uint32_t>& codes) {
    const auto has = [&codes](std::uint32_t each) {
        return std::find(codes.begin(), codes.end(), each) != codes.end();
    };
    return has(kAnyCode) || (code && has(*code));
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

/// The end of a connection, which has come.
void requireEndLogged(const OpenPipe& pipe, Http2Wire& wire) {
    wire.close();
    pipe.connector().waitForLog("127.0.0.1:" + std::to_string(wire.localPort()) + " lost: ");
}

/// What came of an attack.
void requireOutcome(const OpenPipe& pipe, Http2Wire& wire, const Http2Attack& attack,
                    std::uint32_t stream = 1) {
    if (wire.isAlive()) {
        BOOST_TEST((attack.isAllowed || isAmong(wire.resetCode(stream), attack.streamCodes)),
                   "the connection goes on, and so does the stream");
        return;
    }
    const auto code = wire.goawayCode();
    BOOST_TEST((attack.isAllowed || isAmong(code, attack.codes)),
               "GOAWAY with " << (code ? std::to_string(*code) : "nothing"));
    requireEndLogged(pipe, wire);
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
BOOST_AUTO_TEST_SUITE(Pipe2HostileOpeners)

BOOST_DATA_TEST_CASE(HarmNobodyElse, kByOpeners, mode, attack) {
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
    wire.send(http2Preface() + settingsFrame());
    attack.run(wire);
    requireOutcome(pipe, wire, attack);
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
    BOOST_TEST(areJoined(from, to));
    opener.roundTrip();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Pipe2HostileServers)

BOOST_DATA_TEST_CASE(HarmNobodyElse, kByServers, mode, attack) {
    OpenPublicPipe pipe(mode, {.limits = {{"open", kNever}}});
    auto connection = pipe.connector().connect(pipe.mapping().port1);
    authorizePipe2(connection, pipe.mapping().passcode1);
    Http2Wire wire(std::move(connection));
    auto& process = pipe.connector().process();
    process.resetPeakMemory();
    const auto before = process.peakMemory();
    wire.send(settingsFrame());
    auto victim = pipe.visitor({.bufferSize = 65536});
    const auto stream = wire.awaitStream();
    Neighbour neighbour(pipe);
    attack.run(wire);
    requireOutcome(pipe, wire, attack, stream);
    BOOST_TEST(process.peakMemory() < before + allowedGrowth());
    neighbour.requireTalk();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Pipe2Hostile)

BOOST_DATA_TEST_CASE(WhatIsNoHttp2EndsTheConnection, kWithoutPreface* bdata::make(kSides), mode, attack,
                     side) {
    const OpenPrivatePipe pipe(mode);
    for (const auto role : {PipeRole::Serves, PipeRole::Opens}) {
        auto connection = pipe.connector().connect(portOf(pipe, side));
        authorizePipe2(connection, passcodeOf(pipe, side), role);
        Http2Wire wire(std::move(connection));
        attack.run(wire);
        wire.awaitEnd();
        requireEndLogged(pipe, wire);
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
            wire.send(settingsFrame());
            wire.flood(pingFrame(), kFlood);
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
        wire.send(http2Preface() + settingsFrame());
        for (std::uint32_t number = 0; number < 1000; ++number)
            wire.send(connectFrame(2 * number + 1));
        wire.send(dataFrame(0, "x"));
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
