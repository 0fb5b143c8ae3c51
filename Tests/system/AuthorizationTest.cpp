#include "OpenPipe.h"
#include "Waiting.h"

#include <Poco/String.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// So long that the test has failed long before.
constexpr int kNever = 600000;
constexpr int kSoon = 300;

const auto kEveryDoor = bdata::make(kModes) * bdata::make(kDoors);

std::string withByteChanged(std::string passcode, std::size_t at) {
    passcode[at] = passcode[at] == '0' ? '1' : '0';
    return passcode;
}

/// Whether all but the last byte of this greeting is taken in silence, and the last one brings the decision.
bool isJudgedWhenComplete(const DoorPipe& pipe, const std::string& greeting) {
    auto stranger = pipe.stranger();
    stranger.send(std::string_view(greeting).substr(0, greeting.size() - 1));
    stranger.waitUntilRead();
    pipe.agent(); // Connector has had the time to do all of this since
    if (!stranger.isQuiet()) return false;
    stranger.send(greeting.substr(greeting.size() - 1));
    return isClosedUnanswered(stranger);
}

/// A connection to the agents' port that says nothing, not even to begin with TLS.
PipeClient silent(const OpenPublicPipe& pipe, const std::string& from) {
    return PipeClient(Poco::Net::SocketAddress("127.0.0.1", pipe.mapping().port1), {.from = from});
}

} // namespace

BOOST_AUTO_TEST_SUITE(Authorization)

BOOST_DATA_TEST_CASE(RightPasscodeIsAuthorized, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door);
    const auto agent = pipe.agent();
    pipe.waitForAgents(1);
}

BOOST_DATA_TEST_CASE(PasscodeMayComeByteByByte, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    auto agent = pipe.stranger();
    for (std::size_t at = 0; at + 1 < pipe.passcode().size(); ++at) {
        agent.send(pipe.passcode().substr(at, 1));
        if (at % 6 == 0) agent.waitUntilRead();
    }
    authorize(agent, pipe.passcode().substr(pipe.passcode().size() - 1));
    pipe.waitForAgents(1);
}

BOOST_DATA_TEST_CASE(WrongPasscodeIsClosedUnanswered, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    const auto& right = pipe.passcode();
    const std::vector<std::string> wrong{withByteChanged(right, 0),
                                         withByteChanged(right, right.size() - 1),
                                         Poco::toUpper(right) == right ? Poco::toLower(right)
                                                                       : Poco::toUpper(right),
                                         std::string(right.size(), '\0'),
                                         std::string(right.size(), '0'),
                                         pipe.api().addPublic().passcode1};
    for (const auto& passcode : wrong) {
        auto stranger = pipe.stranger();
        stranger.send(passcode);
        BOOST_TEST(isClosedUnanswered(stranger), "wrong passcode " << passcode << " for " << right);
    }
    pipe.waitForAgents(0);
}

BOOST_DATA_TEST_CASE(OtherSidesPasscodeIsWrong, kModes, mode) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"greeting-rest", kNever}}});
    auto stranger1 = pipe.connector().connect(pipe.mapping().port1);
    stranger1.send(pipe.mapping().passcode2);
    BOOST_TEST(isClosedUnanswered(stranger1));
    auto stranger2 = pipe.connector().connect(pipe.mapping().port2);
    stranger2.send(pipe.mapping().passcode1);
    BOOST_TEST(isClosedUnanswered(stranger2));
}

BOOST_DATA_TEST_CASE(LongPasscodeIsClosedUnanswered, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    for (const auto& added : {std::string("x"), std::string("\n"), pipe.passcode(), std::string(4096, 'x')}) {
        auto stranger = pipe.stranger();
        stranger.send(pipe.passcode() + added);
        BOOST_TEST(isClosedUnanswered(stranger), added.size() << " bytes behind the passcode");
    }
    pipe.waitForAgents(0);
}

BOOST_DATA_TEST_CASE(ShortPasscodeIsClosedAfterGreetingRest, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-first-byte", kNever}, {"greeting-rest", kSoon}}});
    for (const std::size_t size : {std::size_t{1}, pipe.passcode().size() - 1}) {
        auto stranger = pipe.stranger();
        stranger.send(pipe.passcode().substr(0, size));
        BOOST_TEST(isClosedUnanswered(stranger), size << " bytes of the passcode");
    }
}

BOOST_DATA_TEST_CASE(MissingPasscodeIsClosedAfterGreetingFirstByte, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-first-byte", kSoon}, {"greeting-rest", kNever}}});
    auto stranger = pipe.stranger();
    BOOST_TEST(isClosedUnanswered(stranger));
}

BOOST_DATA_TEST_CASE(HalfClosedGreetingIsClosed, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-first-byte", kNever}, {"greeting-rest", kNever}}});
    auto stranger = pipe.stranger();
    stranger.send(pipe.passcode().substr(0, 10));
    stranger.finishSending();
    BOOST_TEST(isClosedUnanswered(stranger));
}

/// An early "wrong so far" would let an attacker guess byte by byte.
BOOST_DATA_TEST_CASE(WrongByteShowsNoEarlierThanTheLastByte, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-rest", kNever}}});
    const auto last = pipe.passcode().size() - 1;
    for (const std::size_t at : {std::size_t{0}, last / 2, last})
        BOOST_TEST(isJudgedWhenComplete(pipe, withByteChanged(pipe.passcode(), at)), "wrong byte " << at);
}

BOOST_DATA_TEST_CASE(AgentBeyondMaxConnectionsIsClosed, kEveryDoor, mode, door) {
    constexpr int kMax = 60; // as Fog Controllers ask for
    const DoorPipe pipe(mode, door, {.limits = {{"place-wait", 100}}, .maxConnections = kMax});
    std::vector<PipeClient> agents;
    for (int number = 0; number < kMax; ++number)
        agents.push_back(pipe.agent());
    auto oneTooMany = pipe.stranger();
    oneTooMany.send(pipe.passcode());
    BOOST_TEST(isClosedUnanswered(oneTooMany));
    pipe.waitForAgents(kMax);
}

BOOST_DATA_TEST_CASE(PlaceOfAnAgentThatLeftIsFreeAgain, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.maxConnections = 1});
    for (int round = 0; round < 3; ++round) {
        auto agent = pipe.agent();
        pipe.waitForAgents(1);
        if (round % 2 == 0)
            agent.close();
        else
            agent.abort();
        pipe.waitForAgents(0);
    }
}

/// An agent may dial anew before Connector is done with its former connection.
BOOST_DATA_TEST_CASE(AgentWaitsForAPlaceThatBecomesFree, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"place-wait", kNever}}, .maxConnections = 1});
    auto first = pipe.agent();
    auto second = pipe.stranger();
    sendAlone(second, pipe.passcode());
    BOOST_TEST(second.isQuiet());
    first.close();
    BOOST_TEST(second.readExactly(10) == "AUTHORIZED");
    pipe.waitForAgents(1);
}

BOOST_DATA_TEST_CASE(AgentsInRelaysCountToo, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"place-wait", 100}}, .maxConnections = 1});
    auto [visitor, agent] = pipe.relay();
    auto second = pipe.connector().connect(pipe.mapping().port1);
    second.send(pipe.mapping().passcode1);
    BOOST_TEST(isClosedUnanswered(second));
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_DATA_TEST_CASE(StrangersTakeNoPlacesOfAgents, kEveryDoor, mode, door) {
    const DoorPipe pipe(mode, door, {.limits = {{"greeting-first-byte", kNever}}, .maxConnections = 1});
    std::vector<PipeClient> strangers;
    for (int number = 0; number < 10; ++number)
        strangers.push_back(pipe.stranger());
    const auto agent = pipe.agent();
    pipe.waitForAgents(1);
}

BOOST_DATA_TEST_CASE(StrangersBeyondAuthorizingKeepNoAgentOut, kEveryDoor, mode, door) {
    constexpr int kAuthorizing = 4;
    const DoorPipe pipe(mode, door,
                        {.limits = {{"authorizing", kAuthorizing}, {"greeting-first-byte", kNever}}});
    std::vector<PipeClient> strangers;
    for (int number = 0; number < 3 * kAuthorizing; ++number) {
        try {
            strangers.push_back(pipe.stranger());
        } catch (const ConnectionLost&) { // turned away before the TLS handshake was over
        }
    }
    const auto agent = pipe.agent();
    pipe.waitForAgents(1);
    const auto areLeft = [&] {
        return std::count_if(strangers.begin(), strangers.end(), [](auto& one) { return one.isQuiet(); }) ==
               kAuthorizing - 1;
    };
    waitUntil("all but three strangers are closed", areLeft);
    BOOST_TEST(strangers.back().isQuiet(), "an older one goes");
}

/// It came before all of them, and has said nothing yet.
BOOST_DATA_TEST_CASE(StrangersOfOneAddressDisplaceNoneOfAnother, kModes, mode) {
    constexpr int kAuthorizing = 4;
    const OpenPublicPipe pipe(mode,
                              {.limits = {{"authorizing", kAuthorizing}, {"greeting-first-byte", kNever}}});
    auto agent = pipe.connector().connect(pipe.mapping().port1, {.from = "127.0.0.2"});
    std::vector<PipeClient> strangers;
    for (int number = 0; number < 3 * kAuthorizing; ++number)
        strangers.push_back(silent(pipe, "127.0.0.3"));
    waitUntil("strangers are closed",
              [&] { return !strangers.at(2).isQuiet() || !strangers.front().isQuiet(); });
    authorize(agent, pipe.mapping().passcode1);
}

/// Each has one connection only, so that the agent's two would be the most.
BOOST_DATA_TEST_CASE(StrangersOfManyAddressesDisplaceNoneOfAnAgentsAddress, kModes, mode) {
    constexpr int kAuthorizing = 4;
    const OpenPublicPipe pipe(mode,
                              {.limits = {{"authorizing", kAuthorizing}, {"greeting-first-byte", kNever}}});
    const ConnectOptions fromNode{.from = "127.0.0.2"};
    const auto first = pipe.waitingAgent(fromNode);
    auto second = pipe.connector().connect(pipe.mapping().port1, fromNode);
    auto third = pipe.connector().connect(pipe.mapping().port1, fromNode);
    std::vector<PipeClient> strangers;
    for (int number = 0; number < 3 * kAuthorizing; ++number)
        strangers.push_back(silent(pipe, "127.0.1." + std::to_string(1 + number)));
    waitUntil("strangers are closed", [&] {
        return std::count_if(strangers.begin(), strangers.end(), [](auto& one) { return !one.isQuiet(); }) ==
               2 * kAuthorizing;
    });
    authorize(second, pipe.mapping().passcode1);
    authorize(third, pipe.mapping().passcode1);
}

/// The one that takes the stranger's place comes a moment earlier: Connector learns of both at once.
BOOST_DATA_TEST_CASE(StrangerThatSpeaksWhileItIsTurnedAwayIsNotHeard, kEveryDoor, mode, door) {
    DoorPipe pipe(mode, door, {.limits = {{"authorizing", 1}, {"greeting-first-byte", kNever}}});
    auto stranger = pipe.stranger();
    auto& process = pipe.connector().process();
    process.freeze();
    const PipeClient next(Poco::Net::SocketAddress("127.0.0.1", pipe.port()));
    stranger.send("x");
    process.signal(SIGCONT);
    BOOST_TEST(isClosedUnanswered(stranger));
    const auto agent = pipe.agent();
    pipe.waitForAgents(1);
}

BOOST_AUTO_TEST_CASE(UnfinishedTlsHandshakeIsClosed) {
    const OpenPublicPipe pipe(Mode::Tls,
                              {.limits = {{"greeting-first-byte", kSoon}, {"visitor-wait", kSoon}}});
    for (const auto port : {pipe.mapping().port1, pipe.mapping().port2}) {
        PipeClient silent(Poco::Net::SocketAddress("127.0.0.1", port));
        BOOST_TEST(isClosedUnanswered(silent));
    }
}

BOOST_AUTO_TEST_CASE(PlainPasscodeAtATlsPortIsClosed) {
    const OpenPublicPipe pipe(Mode::Tls);
    PipeClient plain(Poco::Net::SocketAddress("127.0.0.1", pipe.mapping().port1));
    plain.send(pipe.mapping().passcode1);
    BOOST_TEST(plain.readToEnd().find("AUTHORIZED") == std::string::npos);
    pipe.waitFor("agentswaiting", 0);
}

BOOST_DATA_TEST_CASE(AgentsAreAuthorizedOverIPv6, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto& mapping = pipe.mapping();
    auto agent = pipe.connector().agent(mapping.port1, mapping.passcode1, {}, "::1");
    auto visitor = pipe.connector().connect(mapping.port2, {}, "::1");
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
