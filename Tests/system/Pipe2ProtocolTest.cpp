#include "TestAgent.h"

#include <Poco/RegularExpression.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
constexpr int kShort = 400;

const auto kEveryDoor = bdata::make(kModes) * bdata::make(kDoors);
/// Where an agent may open streams.
const auto kPrivateDoors = bdata::make(kModes) * bdata::make({Door::PrivatePort1, Door::PrivatePort2});
const auto kEverySide = bdata::make(kModes) * bdata::make(kSides);

void requireClosedFor(const OpenPipe& pipe, PipeClient& client, const std::string& reason) {
    BOOST_TEST(isClosedUnanswered(client));
    pipe.connector().waitForLog(reason);
}

/// One that has sent a line of PIPE/2 is told why, in a line.
void requireRefusedFor(const OpenPipe& pipe, PipeClient& client, const std::string& reason,
                       const std::string& item = "") {
    BOOST_TEST(client.readToEnd() == "REFUSED " + item + reason + "\n");
    pipe.connector().waitForLog("rejected: " + reason);
}

std::string greetingOf(const DoorPipe& pipe, const std::string& end = "\n") {
    return "PIPE/2 " + pipe.passcode() + end;
}

/// A request that has not the form of PIPE/2's, and a word of the reason that its answer gives.
struct BadRequest {
    HeaderFields fields;
    std::string word;
};

HeaderFields withMethod(const std::string& method) {
    return {{":method", method},
            {":scheme", "https"},
            {":authority", "target.example:22"},
            {":path", "/"},
            {"forwarded", "for=\"192.0.2.7:51234\""}};
}

HeaderFields withForwarded(const std::string& value) {
    return {{":method", "CONNECT"}, {":authority", "target.example:22"}, {"forwarded", value}};
}

std::vector<BadRequest> badRequests() {
    std::vector<BadRequest> all{
        {withMethod("GET"), "CONNECT"},
        {withMethod("POST"), "CONNECT"},
        {withMethod("OPTIONS"), "CONNECT"},
        {{{":method", "CONNECT"}, {":authority", "target.example:22"}}, "forwarded"},
        {{{":method", "CONNECT"}, {":authority", "target.example:22"}, {"x-forwarded-for", "192.0.2.7"}},
         "forwarded"}};
    for (const auto* value : {"192.0.2.7:51234",
                              "for",
                              "for=",
                              "for=\"",
                              "for=\"\"",
                              "for=unknown",
                              "for=\"unknown\"",
                              "for=192.0.2.7",
                              "for=\"192.0.2.7\"",
                              "for=\"192.0.2.7:\"",
                              "for=\"192.0.2.7:x\"",
                              "for=\"192.0.2.7:65536\"",
                              "for=\"192.0.2.7:-1\"",
                              "for=\"192.0.2.300:1\"",
                              "for=\"192.0.2:1\"",
                              "for=\"[2001:db8::7]\"",
                              "for=\"[2001:db8::7]:\"",
                              "for=\"[2001:db8::7:1\"",
                              "for=\"2001:db8::7:1\"",
                              "for=\"[2001:db8::g]:1\"",
                              "for=\"[192.0.2.7]:1\"",
                              "for=\"visitor.example:51234\"",
                              "for=\"_hidden:51234\"",
                              "by=\"192.0.2.7:51234\"",
                              "for=\"192.0.2.7:51234"})
        all.push_back({withForwarded(value), "forwarded"});
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(Pipe2ProtocolGreeting)

BOOST_DATA_TEST_CASE(IsAnsweredWithItems, kEveryDoor, mode, door) {
    constexpr int kMost = 7;
    const DoorPipe pipe(mode, door, {.maxConnections = kMost, .heartbeatAbsenceThreshold = 54321});
    auto agent = pipe.stranger();
    const auto answer = authorizePipe2(agent, pipe.passcode());
    BOOST_TEST(answer.line.starts_with("AUTHORIZED/2 heartbeat=54321 connections="));
    BOOST_TEST(answer.number("heartbeat") == 54321);
    BOOST_TEST(answer.number("connections") >= 1);
    BOOST_TEST(answer.number("connections") <= kMost);
    BOOST_TEST(answer.number("streams") >= 1);
    BOOST_TEST(Poco::RegularExpression(".* instance=[0-9a-f-]{36}").match(answer.line));
}

/// More than a mapping allows are not recommended.
BOOST_DATA_TEST_CASE(RecommendsNoMoreThanTheMappingAllows, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.maxConnections = 1});
    BOOST_TEST(servingAgent(pipe).authorization().number("connections") == 1);
}

BOOST_DATA_TEST_CASE(OfAnAgentThatOpensIsAnsweredLikewise, kPrivateDoors, mode, door) {
    const DoorPipe pipe(mode, door);
    auto agent = pipe.stranger();
    const auto answer = authorizePipe2(agent, pipe.passcode(), PipeRole::Opens);
    BOOST_TEST(answer.number("heartbeat") == 0);
    BOOST_TEST(answer.number("connections") >= 1);
    BOOST_TEST(answer.number("streams") >= 1);
    Http2Peer peer(std::move(agent), Http2Role::Client);
    peer.roundTrip();
}

BOOST_DATA_TEST_CASE(IsFollowedByHttp2, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door);
    Http2Peer peer(pipe.stranger(), pipe.passcode(), PipeRole::Serves);
    BOOST_TEST(!peer.hasRequest());
    BOOST_TEST(peer.theirs(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) == 256U << 10U);
    BOOST_TEST(peer.theirs(NGHTTP2_SETTINGS_MAX_FRAME_SIZE) == 128U << 10U);
    BOOST_TEST(peer.theirs(NGHTTP2_SETTINGS_ENABLE_PUSH) == 0U);
}

BOOST_DATA_TEST_CASE(OfAnAgentThatOpensIsFollowedByHttp2, kPrivateDoors, mode, door) {
    const DoorPipe pipe(mode, door);
    Http2Peer peer(pipe.stranger(), pipe.passcode(), PipeRole::Opens);
    BOOST_TEST(peer.theirs(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) == 256U << 10U);
    BOOST_TEST(peer.theirs(NGHTTP2_SETTINGS_MAX_FRAME_SIZE) == 128U << 10U);
    BOOST_TEST(peer.theirs(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) == 16384U);
}

BOOST_DATA_TEST_CASE(MayComeInPiecesOfOneByte, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    auto agent = pipe.stranger();
    sendByteByByte(agent, greetingOf(pipe));
    BOOST_TEST(agent.readThrough("\n").starts_with("AUTHORIZED/2 heartbeat=0 "));
    Http2Peer(std::move(agent), Http2Role::Server).roundTrip();
}

BOOST_DATA_TEST_CASE(WithAWrongPasscodeIsRefused, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"wrong-passcodes", 1000}}});
    auto wrong = pipe.passcode();
    wrong.back() = wrong.back() == 'x' ? 'y' : 'x';
    for (const auto& greeting :
         {"PIPE/2 " + wrong + "\n", "PIPE/2 " + wrong + " open\n", greetingOf(pipe, " \n"),
          greetingOf(pipe, "\r\n"), "PIPE/2  " + pipe.passcode() + "\n", std::string("PIPE/2 \n"),
          std::string("PIPE/2  open\n"), greetingOf(pipe, " OPEN\n"), greetingOf(pipe, " open \n"),
          greetingOf(pipe, "  open\n"), greetingOf(pipe, " close\n"), greetingOf(pipe, " open\r\n"),
          greetingOf(pipe, "open\n"), greetingOf(pipe, "\tOPEN\n")}) {
        auto stranger = pipe.stranger();
        stranger.send(greeting);
        requireRefusedFor(pipe, stranger, "wrong passcode");
    }
    auto stranger = pipe.stranger();
    stranger.send("PIPE/3 " + pipe.passcode() + "\n");
    requireClosedFor(pipe, stranger, "wrong passcode");
    pipe.waitForAgents(0);
}

BOOST_DATA_TEST_CASE(IsRefusedWhenAllPlacesAreTaken, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"place-wait", kShort}}, .maxConnections = 1});
    auto agent = pipe.stranger();
    const auto answer = authorizePipe2(agent, pipe.passcode()).line;
    auto second = pipe.stranger();
    second.send(greetingOf(pipe));
    requireRefusedFor(pipe, second, "all 1 places are taken", answer.substr(answer.rfind(' ') + 1) + " ");
}

/// What follows must not be sent before the answer is there.
BOOST_DATA_TEST_CASE(WithMoreBehindItIsRefused, kPrivateDoors, mode, door) {
    const DoorPipe pipe(mode, door);
    auto stranger = pipe.stranger();
    stranger.send(greetingOf(pipe, " open\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    requireRefusedFor(pipe, stranger, "wrong passcode");
}

BOOST_DATA_TEST_CASE(IsNotJudgedBeforeItsEnd, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    auto stranger = pipe.stranger();
    sendAlone(stranger, "PIPE/2 " + std::string(pipe.passcode().size(), 'x'));
    BOOST_TEST(stranger.isQuiet());
    sendAlone(stranger, "more than any passcode has");
    BOOST_TEST(stranger.isQuiet());
    stranger.send("\n");
    requireRefusedFor(pipe, stranger, "wrong passcode");
}

BOOST_DATA_TEST_CASE(ThatIsTooLongIsRefused, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    auto stranger = pipe.stranger();
    stranger.send("PIPE/2 " + std::string(256, 'x'));
    requireClosedFor(pipe, stranger, "wrong passcode");
}

BOOST_DATA_TEST_CASE(ThatHasNoEndIsGivenUp, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kShort}}});
    auto stranger = pipe.stranger();
    stranger.send(greetingOf(pipe, ""));
    requireClosedFor(pipe, stranger, "the passcode was not complete");
}

BOOST_DATA_TEST_CASE(OfOneThatOpensIsRefusedWhereOnlyVisitorsBegin, kModes, mode) {
    const DoorPipe pipe(mode, Door::PublicPort1);
    auto stranger = pipe.stranger();
    stranger.send(greetingOf(pipe, " open\n"));
    requireRefusedFor(pipe, stranger, "it wants to open streams where only visitors begin");
    pipe.waitForAgents(0);
}

BOOST_DATA_TEST_CASE(PlacesAreGivenBack, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.maxConnections = 1});
    for (int round = 0; round < 3; ++round) {
        Http2Peer agent(pipe.stranger(), pipe.passcode(), PipeRole::Serves);
        if (round == 0) agent.close();
        if (round == 1) agent.abort();
        if (round == 2) agent.sendRaw(std::string(100, 'x'));
        if (round == 2) agent.awaitEnd();
    }
    Http2Peer(pipe.stranger(), pipe.passcode(), PipeRole::Serves).roundTrip();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Pipe2ProtocolRequest)

BOOST_DATA_TEST_CASE(ThatHasAnotherFormIsAnswered400, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"visitor-wait", kNever}}});
    auto opener = openingAgent(pipe, side);
    auto agent = servingAgent(pipe, opposite(side));
    for (const auto& bad : badRequests()) {
        auto stream = opener.open(bad.fields, "first bytes");
        opener.roundTrip();
        BOOST_TEST_CONTEXT(bad.fields.front().second << ", " << bad.fields.back().second) {
            BOOST_TEST(!agent.hasRequest());
            while (agent.hasRequest())
                agent.nextRequest().refuse(502, "it should not have come here");
            BOOST_TEST(stream.status() == 400);
            BOOST_TEST(stream.reason().find(bad.word) != std::string::npos, stream.reason());
            BOOST_TEST(stream.readToEnd() == "");
        }
    }
    auto stream = opener.open("192.0.2.7:51234", "a request");
    auto called = agent.nextRequest();
    called.answer();
    BOOST_TEST(called.readExactly(9) == "a request");
    BOOST_TEST(stream.status() == 200);
    BOOST_TEST(areJoined(stream, called));
}

BOOST_DATA_TEST_CASE(ReasonIsPrintable, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto opener = openingAgent(pipe, side);
    auto stream = opener.open(withForwarded("for=\"\x80\xff\""));
    BOOST_TEST(stream.status() == 400);
    const auto reason = stream.reason();
    BOOST_TEST(
        std::all_of(reason.begin(), reason.end(), [](char each) { return each >= ' ' && each <= '~'; }));
}

BOOST_DATA_TEST_CASE(MayHaveFieldsThatConnectorDoesNotKnow, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto opener = openingAgent(pipe, side);
    auto agent = servingAgent(pipe, opposite(side));
    auto fields = connectFields("192.0.2.7:51234", "any.host:1");
    for (const auto* name : {"user-agent", "x-visitor-name", "via", "proxy-authorization", "pipe-unknown"})
        fields.emplace_back(name, "a value");
    auto stream = opener.open(fields);
    auto called = agent.nextRequest();
    called.answer();
    BOOST_TEST(stream.status() == 200);
    BOOST_TEST(called.field("x-visitor-name") == "", "what is unknown is not passed on");
    BOOST_TEST(areJoined(stream, called));
}

BOOST_DATA_TEST_CASE(AuthorityIsNoMatter, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto opener = openingAgent(pipe, side);
    auto agent = servingAgent(pipe, opposite(side));
    for (const auto* authority : {"a:1", "192.0.2.1:65535", "[2001:db8::1]:22", "some.other.mapping:0"}) {
        auto stream = opener.open(connectFields("192.0.2.7:51234", authority));
        auto called = agent.nextRequest();
        called.answer();
        BOOST_TEST(stream.status() == 200);
        BOOST_TEST(areJoined(stream, called));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
