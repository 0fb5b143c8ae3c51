#include "KernelSockets.h"
#include "OpenPipe.h"
#include "RandomStream.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
constexpr int kSmallBuffer = 65536;
/// More than goes through in one piece before somebody reads.
constexpr std::uint64_t kMuch = 16U << 20U;
constexpr std::uint64_t kSeed = 1;

/// Sends and closes, while the test reads elsewhere.
std::future<void> startSendingAndClose(PipeClient& client, std::uint64_t size) {
    return std::async(std::launch::async, [&client, size] {
        sendRandom(client, kSeed, size);
        client.close();
    });
}

void waitUntilBytesStandStill(const OpenPipe& pipe, const std::string& count) {
    waitUntilStalled(count, [&] { return static_cast<std::uint64_t>(pipe.count(count)); });
}

/// To a connection that may have been reset by now.
void sendUnlessLost(PipeClient& client, std::string_view data) {
    try {
        client.send(data);
    } catch (const ConnectionLost&) {
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(PublicPipe)

BOOST_DATA_TEST_CASE(VisitorIsJoinedToAWaitingAgent, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.waitingAgent();
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, agent));
    pipe.waitFor("relays", 1);
    pipe.waitFor("agentswaiting", 0);
    visitor.close();
    BOOST_TEST(agent.readToEnd() == "");
    BOOST_TEST(agent.end() == PipeClient::End::Orderly);
    agent.close();
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(BytesAreCountedEachWay, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.waitingAgent();
    auto visitor = pipe.visitor();
    visitor.send("12345");
    BOOST_TEST(agent.readExactly(5) == "12345");
    agent.send("1234567");
    BOOST_TEST(visitor.readExactly(7) == "1234567");
    pipe.waitFor("bytesfromport1", 7);
    pipe.waitFor("bytesfromport2", 5);
    sendAlone(agent, "BEAT"); // heartbeats are no payload
    BOOST_TEST(pipe.count("bytesfromport1") == 7);
}

BOOST_DATA_TEST_CASE(VisitorMayComeBeforeTheAgent, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto visitor = pipe.visitor();
    visitor.send("a request");
    pipe.waitFor("visitorswaiting", 1);
    auto agent = pipe.agent1();
    BOOST_TEST(agent.readExactly(9) == "a request");
    BOOST_TEST(areJoined(visitor, agent));
    pipe.waitFor("visitorswaiting", 0);
}

BOOST_AUTO_TEST_CASE(WaitingVisitorIsNotRead) {
    const OpenPublicPipe pipe(Mode::Plain);
    auto visitor = pipe.visitor();
    visitor.send("a request");
    pipe.waitFor("visitorswaiting", 1);
    BOOST_TEST(unreadBytes(pipe.mapping().port2, visitor.localPort()) == 9);
}

BOOST_DATA_TEST_CASE(KeepaliveRunsOnAllConnections, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    const auto waiting = pipe.waitingAgent();
    waitUntil("nothing is on the way, so that keepalive is the only timer",
              [&, &visitor = visitor, &agent = agent] {
                  return hasKeepalive(pipe.mapping().port1, waiting.localPort()) &&
                         hasKeepalive(pipe.mapping().port1, agent.localPort()) &&
                         hasKeepalive(pipe.mapping().port2, visitor.localPort());
              });
}

BOOST_DATA_TEST_CASE(VisitorThatGivesUpIsForgotten, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"visitor-wait", kNever}}});
    auto visitor = pipe.visitor();
    pipe.waitFor("visitorswaiting", 1);
    visitor.abort();
    pipe.waitFor("visitorswaiting", 0);
    auto agent = pipe.waitingAgent();
    auto second = pipe.visitor();
    BOOST_TEST(areJoined(second, agent));
}

BOOST_DATA_TEST_CASE(VisitorThatWaitsTooLongIsClosed, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"visitor-wait", 400}}});
    auto visitor = pipe.visitor();
    BOOST_TEST(isClosedUnanswered(visitor));
    pipe.waitFor("visitorswaiting", 0);
    const auto agent = pipe.waitingAgent();
}

BOOST_DATA_TEST_CASE(VisitorBeyondWaitingVisitorsIsClosed, kModes, mode) {
    constexpr int kMost = 3;
    const OpenPublicPipe pipe(mode, {.limits = {{"waiting-visitors", kMost}, {"visitor-wait", kNever}}});
    std::vector<PipeClient> visitors;
    for (int number = 1; number <= kMost; ++number) {
        visitors.push_back(pipe.visitor());
        pipe.waitFor("visitorswaiting", number);
    }
    PipeClient oneTooMany(Poco::Net::SocketAddress("127.0.0.1", pipe.mapping().port2));
    BOOST_TEST(isClosedUnanswered(oneTooMany));
    for (auto& visitor : visitors) {
        auto agent = pipe.agent1();
        visitor.send("who?");
        BOOST_TEST(agent.readExactly(4) == "who?");
    }
}

BOOST_DATA_TEST_CASE(EachVisitorHasAnAgentOfItsOwn, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor1, agent1] = pipe.relay();
    auto [visitor2, agent2] = pipe.relay();
    auto third = pipe.visitor();
    pipe.waitFor("visitorswaiting", 1);
    BOOST_TEST(pipe.count("relays") == 2);
    agent1.send("one");
    agent2.send("two");
    BOOST_TEST(visitor1.readExactly(3) == "one");
    BOOST_TEST(visitor2.readExactly(3) == "two");
    BOOST_TEST(third.isQuiet());
}

BOOST_DATA_TEST_CASE(VisitorIsNotGivenToAnAgentThatLeft, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto dead = pipe.waitingAgent();
    auto gone = pipe.waitingAgent();
    auto alive = pipe.waitingAgent();
    dead.abort();
    gone.close();
    pipe.waitFor("agentswaiting", 1);
    auto visitor = pipe.visitor();
    BOOST_TEST(areJoined(visitor, alive));
}

/// A hundred visits leave nothing behind.
BOOST_DATA_TEST_CASE(VisitsLeaveNothingBehind, kModes, mode) {
    OpenPublicPipe pipe(mode);
    const auto descriptors = pipe.connector().process().descriptorCount();
    for (int visit = 0; visit < 100; ++visit) {
        auto agent = pipe.agent1();
        auto visitor = pipe.visitor();
        BOOST_REQUIRE(areJoined(visitor, agent));
    }
    pipe.waitFor("relays", 0);
    pipe.waitFor("agentswaiting", 0);
    waitUntil("the descriptors are given back",
              [&] { return pipe.connector().process().descriptorCount() <= descriptors + 2; });
}

BOOST_DATA_TEST_CASE(AllThatTheAgentSentIsDeliveredBeforeTheEnd, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay({.bufferSize = kSmallBuffer});
    auto sending = startSendingAndClose(agent, kMuch);
    waitUntilBytesStandStill(pipe, "bytesfromport1"); // the visitor is slow
    receiveRandom(visitor, kSeed, kMuch);
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(visitor.end() == PipeClient::End::Orderly);
    sending.get();
}

BOOST_DATA_TEST_CASE(AllThatTheVisitorSentIsDeliveredBeforeTheEnd, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay({}, {.bufferSize = kSmallBuffer});
    auto sending = startSendingAndClose(visitor, kMuch);
    waitUntilBytesStandStill(pipe, "bytesfromport2"); // the agent is slow
    receiveRandom(agent, kSeed, kMuch);
    BOOST_TEST(agent.readToEnd() == "");
    BOOST_TEST(agent.end() == PipeClient::End::Orderly);
    sending.get();
}

/// What is left fits into Connector's buffers: the sender has closed long before the receiver takes it.
BOOST_DATA_TEST_CASE(WhatWasReceivedOutlivesItsSender, kModes, mode) {
    constexpr std::uint64_t kHeld = 512U << 10U;
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay({.bufferSize = kSmallBuffer});
    sendRandom(agent, kSeed, kHeld);
    agent.close();
    waitUntilBytesStandStill(pipe, "bytesfromport1");
    receiveRandom(visitor, kSeed, kHeld);
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(visitor.end() == PipeClient::End::Orderly);
}

/// What was kept for a slow visitor is given back once it has taken it.
BOOST_AUTO_TEST_CASE(RelayThatHasStalledKeepsNoMemory) {
    constexpr int kRelays = 20;
    OpenPublicPipe pipe(Mode::Plain);
    std::vector<std::pair<PipeClient, PipeClient>> relays;
    for (int number = 0; number < kRelays; ++number)
        relays.push_back(pipe.relay({.bufferSize = kSmallBuffer}));
    auto& process = pipe.connector().process();
    const auto memory = [&process] {
        process.resetPeakMemory();
        return process.peakMemory();
    };
    const auto before = memory();
    const std::string payload(kMoreThanBuffersHold, 'x');
    for (auto& [visitor, agent] : relays) {
        const auto sent = agent.sendSome(payload);
        BOOST_REQUIRE(sent < payload.size());
        visitor.readExactly(sent);
    }
    if (isScaledDown()) return; // a sanitizer keeps what was freed
    waitUntil("memory is given back", [&] { return memory() < before + (kRelays * (64U << 10U)); });
}

/// Such as telnet's: the kernel ends a read where they are, and takes them out of the stream unless it is
/// told to leave them in.
BOOST_AUTO_TEST_CASE(UrgentBytesPassLikeOthers) {
    const OpenPublicPipe pipe(Mode::Plain);
    auto [visitor, agent] = pipe.relay();
    for (int round = 0; round < 20; ++round) {
        visitor.send("before");
        visitor.sendUrgent('!');
        visitor.send("behind");
        BOOST_TEST(agent.readExactly(13) == "before!behind");
    }
}

BOOST_DATA_TEST_CASE(ReceiverThatTakesNothingIsGivenUpAfterLinger, kModes, mode) {
    constexpr std::uint64_t kHeld = 512U << 10U;
    const OpenPublicPipe pipe(mode, {.limits = {{"linger", 500}}});
    auto [visitor, agent] = pipe.relay({.bufferSize = kSmallBuffer});
    sendRandom(agent, kSeed, kHeld);
    agent.close();
    pipe.waitFor("relays", 0);
    const auto received = visitor.skipToEnd();
    BOOST_TEST((received == kHeld || visitor.end() != PipeClient::End::Orderly),
               "an answer that was cut off must not look complete: " << received << " bytes");
}

BOOST_DATA_TEST_CASE(HalfCloseOfTheVisitorEndsTheRelay, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    visitor.send("the last words");
    visitor.finishSending();
    BOOST_TEST(agent.readToEnd() == "the last words");
    BOOST_TEST(agent.end() == PipeClient::End::Orderly);
    agent.close();
    visitor.readToEnd();
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(HalfCloseOfTheAgentEndsTheRelay, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    agent.send("the last words");
    agent.finishSending();
    BOOST_TEST(visitor.readToEnd() == "the last words");
    BOOST_TEST(visitor.end() == PipeClient::End::Orderly);
    visitor.close();
    agent.readToEnd();
    pipe.waitFor("relays", 0);
}

/// A visitor such as `nc -N` sends its request and half-closes before an agent is there.
BOOST_DATA_TEST_CASE(RequestOfAVisitorThatHalfClosedEarlyIsDelivered, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.waitingAgent();
    auto visitor = pipe.visitor();
    visitor.send("a request");
    visitor.finishSending();
    BOOST_TEST(agent.readToEnd() == "a request");
}

BOOST_DATA_TEST_CASE(AgentThatDiesClosesItsVisitor, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    agent.send("half an ans");
    BOOST_TEST(visitor.readExactly(11) == "half an ans");
    agent.abort();
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(visitor.end() != PipeClient::End::Orderly, "half an answer must not look complete");
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(VisitorThatDiesClosesItsAgent, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    visitor.abort();
    BOOST_TEST(agent.readToEnd() == "");
    agent.close();
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(VisitorThatDiesWhileMuchIsSentToItClosesItsAgent, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay({.bufferSize = kSmallBuffer});
    const std::string payload(kMoreThanBuffersHold, 'x');
    BOOST_REQUIRE(agent.sendSome(payload) < payload.size());
    visitor.abort();
    BOOST_TEST(agent.readToEnd() == "");
    agent.close();
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(RemoveClosesEverything, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    auto waiting = pipe.waitingAgent();
    auto stranger = pipe.connector().connect(pipe.mapping().port1);
    pipe.api().remove(pipe.mapping().id);
    for (auto* client : {&visitor, &agent, &waiting, &stranger})
        BOOST_TEST(client->readToEnd() == "");
    BOOST_TEST(visitor.end() != PipeClient::End::Orderly, "a broken answer must not look complete");
    BOOST_TEST(refusesConnections(pipe.mapping().port1));
    BOOST_TEST(refusesConnections(pipe.mapping().port2));
    BOOST_TEST(pipe.api().get("/api/v2/mapping/" + pipe.mapping().id).isError(404));
}

BOOST_DATA_TEST_CASE(RemoveClosesWaitingVisitors, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"visitor-wait", kNever}}});
    auto visitor = pipe.visitor();
    pipe.waitFor("visitorswaiting", 1);
    pipe.api().remove(pipe.mapping().id);
    BOOST_TEST(isClosedUnanswered(visitor));
}

BOOST_DATA_TEST_CASE(RemoveClosesARelayThatIsStuck, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay({.bufferSize = kSmallBuffer});
    const std::string payload(kMoreThanBuffersHold, 'x');
    BOOST_REQUIRE(agent.sendSome(payload) < payload.size());
    pipe.api().remove(pipe.mapping().id);
    BOOST_TEST(visitor.readToEnd().size() < payload.size());
    BOOST_TEST(agent.readToEnd() == "");
}

/// Relays that have been at work for a while move to another loop: here one after the other, while the
/// mapping is removed.
BOOST_AUTO_TEST_CASE(RemoveMeetsRelaysThatMove) {
    constexpr int kRelays = 30;
    const OpenPublicPipe pipe(Mode::Plain);
    for (int round = 0; round < 30; ++round) {
        const auto mapping = pipe.api().addPublic();
        std::vector<std::pair<PipeClient, PipeClient>> relays;
        for (int number = 0; number < kRelays; ++number) {
            auto agent = pipe.connector().agent(mapping.port1, mapping.passcode1);
            auto visitor = pipe.connector().connect(mapping.port2);
            for (int message = 0; message <= number / 2; ++message) {
                visitor.send("m");
                agent.readExactly(1);
            }
            relays.emplace_back(std::move(visitor), std::move(agent));
        }
        auto removing = std::async(std::launch::async, [&] { pipe.api().remove(mapping.id); });
        while (removing.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
            for (auto& [visitor, agent] : relays)
                sendUnlessLost(visitor, "m");
        removing.get();
        BOOST_TEST(refusesConnections(mapping.port2));
    }
}

BOOST_DATA_TEST_CASE(RemoveLeavesOtherMappingsAlone, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto other = pipe.api().addPublic();
    auto [visitor, agent] = pipe.relay();
    pipe.api().remove(other.id);
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_AUTO_TEST_CASE(VisitorAndAgentMayDifferInIPVersion) {
    const OpenPublicPipe pipe(Mode::Plain);
    auto agent = pipe.waitingAgent();
    auto visitor = pipe.connector().connect(pipe.mapping().port2, {}, "::1");
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_DATA_TEST_CASE(NoThreadsAreAddedForMappingsOrConnections, kModes, mode) {
    OpenPublicPipe pipe(mode, {.limits = {{"api-threads", 2}}});
    auto [visitor, agent] = pipe.relay();
    const auto threads = pipe.connector().process().threadCount();
    std::vector<PipeClient> connections;
    for (int number = 0; number < 20; ++number) {
        const auto mapping = pipe.api().addPublic();
        connections.push_back(pipe.connector().agent(mapping.port1, mapping.passcode1));
        connections.push_back(pipe.connector().connect(mapping.port2));
    }
    // POCO's pool may still have grown by the API's second thread.
    BOOST_TEST(pipe.connector().process().threadCount() <= threads + 2);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
