#include "OpenPipe.h"
#include "RandomStream.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kSmallBuffer = 65536;
constexpr std::uint64_t kMuch = 16U << 20U;
constexpr std::uint64_t kSeed = 2;

/// Which port's agent does what the test is about; the other port's agent is its partner.
enum class Side { Port1, Port2 };
constexpr std::array kSides{Side::Port1, Side::Port2};
std::ostream& operator<<(std::ostream& out, Side side) {
    return out << (side == Side::Port1 ? "port1" : "port2");
}

const auto kEverySide = bdata::make(kModes) * bdata::make(kSides);

PipeClient agentAt(const OpenPrivatePipe& pipe, Side side, const ConnectOptions& options = {}) {
    return side == Side::Port1 ? pipe.agent1(options) : pipe.agent2(options);
}

Side opposite(Side side) {
    return side == Side::Port1 ? Side::Port2 : Side::Port1;
}

/// A relay, the agent of this side first.
std::pair<PipeClient, PipeClient> relayFrom(const OpenPrivatePipe& pipe, Side side,
                                            const ConnectOptions& partnerOptions = {}) {
    auto agent = agentAt(pipe, side);
    auto partner = agentAt(pipe, opposite(side), partnerOptions);
    if (!areJoined(agent, partner)) throw std::runtime_error("the agents are not joined");
    return {std::move(agent), std::move(partner)};
}

std::string waitingCount(Side side) {
    return side == Side::Port1 ? "agentswaitingport1" : "agentswaitingport2";
}

} // namespace

BOOST_AUTO_TEST_SUITE(PrivatePipe)

BOOST_DATA_TEST_CASE(WhatEntersOnePortComesOutOfTheOther, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto agent = agentAt(pipe, side);
    auto partner = agentAt(pipe, opposite(side));
    BOOST_TEST(areJoined(agent, partner));
    pipe.waitFor("relays", 1);
    BOOST_TEST(areJoined(partner, agent));
}

BOOST_DATA_TEST_CASE(AgentsWaitOnEitherSide, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    const auto agent = agentAt(pipe, side);
    pipe.waitFor(waitingCount(side), 1);
    BOOST_TEST(pipe.count(waitingCount(opposite(side))) == 0);
    BOOST_TEST(pipe.count("relays") == 0);
}

BOOST_DATA_TEST_CASE(FirstPayloadIsHeldUntilThePartnerComes, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto agent = agentAt(pipe, side);
    sendAlone(agent, "the start ");
    sendAlone(agent, "of a conversation");
    auto partner = agentAt(pipe, opposite(side));
    BOOST_TEST(partner.readThrough("conversation") == "the start of a conversation");
    BOOST_TEST(areJoined(partner, agent));
}

BOOST_DATA_TEST_CASE(BeatsAreAnsweredWhilePayloadIsHeld, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto agent = agentAt(pipe, side);
    sendAlone(agent, "the start");
    BOOST_TEST(answersBeat(agent));
    auto partner = agentAt(pipe, opposite(side));
    BOOST_TEST(partner.readExactly(9) == "the start");
    BOOST_TEST(areJoined(agent, partner));
}

/// Nothing is lost, and Connector keeps only what held-payload allows: the rest stays with the sender.
BOOST_DATA_TEST_CASE(SenderIsBlockedBeyondHeldPayload, kEverySide, mode, side) {
    OpenPrivatePipe pipe(mode);
    auto agent = agentAt(pipe, side, {.bufferSize = kSmallBuffer});
    pipe.connector().process().resetPeakMemory();
    const auto memory = pipe.connector().process().peakMemory();
    const auto payload = randomBytes(kMuch, kSeed);
    const auto sent = agent.sendSome(payload);
    BOOST_TEST(sent < payload.size());
    BOOST_TEST(pipe.connector().process().peakMemory() < memory + (4U << 20U));
    auto partner = agentAt(pipe, opposite(side));
    auto receiving = startReceiving(partner, kSeed, kMuch);
    agent.send(std::string_view(payload).substr(sent));
    receiving.get();
}

BOOST_DATA_TEST_CASE(PayloadOutlivesASenderThatClosedBeforeThePartnerCame, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto agent = agentAt(pipe, side);
    agent.send("a message, and goodbye");
    agent.close();
    auto partner = agentAt(pipe, opposite(side));
    BOOST_TEST(partner.readToEnd() == "a message, and goodbye");
    BOOST_TEST(partner.end() == PipeClient::End::Orderly);
}

BOOST_DATA_TEST_CASE(AgentThatLeavesWithoutPayloadIsForgotten, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto agent = agentAt(pipe, side);
    pipe.waitFor(waitingCount(side), 1);
    agent.close();
    pipe.waitFor(waitingCount(side), 0);
    auto [second, partner] = relayFrom(pipe, side);
    BOOST_TEST(areJoined(second, partner));
}

/// Both sides speak first, at the same moment: they must be speaking to each other.
BOOST_DATA_TEST_CASE(SimultaneousOpeningIsOneConversation, kModes, mode) {
    const OpenPrivatePipe pipe(mode);
    for (int round = 0; round < 20; ++round) {
        auto agent1 = pipe.agent1();
        auto agent2 = pipe.agent2();
        agent1.send("from one");
        agent2.send("from two");
        BOOST_TEST(agent1.readExactly(8) == "from two");
        BOOST_TEST(agent2.readExactly(8) == "from one");
        agent1.close();
        agent2.readToEnd();
        agent2.close();
        pipe.waitFor("relays", 0);
    }
}

BOOST_DATA_TEST_CASE(ConversationsAreKeptApart, kEverySide, mode, side) {
    constexpr std::size_t kPairs = 5;
    const OpenPrivatePipe pipe(mode, {.maxConnections = kPairs});
    std::vector<PipeClient> agents;
    std::vector<PipeClient> partners;
    for (std::size_t number = 0; number < kPairs; ++number) {
        agents.push_back(agentAt(pipe, side));
        partners.push_back(agentAt(pipe, opposite(side)));
    }
    for (std::size_t number = 0; number < kPairs; ++number)
        agents[number].send(std::to_string(number));
    for (auto& partner : partners) {
        const auto number = partner.readExactly(1);
        partner.send("answer to " + number);
        BOOST_TEST(agents.at(std::stoul(number)).readExactly(11) == "answer to " + number);
    }
    pipe.waitFor("relays", kPairs);
}

BOOST_DATA_TEST_CASE(MaxConnectionsHoldForEachSide, kModes, mode) {
    ConnectorSetup setup(mode);
    setup.set("limits.place-wait", 100);
    const ConnectorProcess connector(setup);
    const auto mapping =
        connector.api().add(R"({"type":"private","maxconnectionsport1":1,"maxconnectionsport2":2,)"
                            R"("heartbeatabsencethresholdport1":0,"heartbeatabsencethresholdport2":0})");
    const auto agent1 = connector.agent(mapping.port1, mapping.passcode1);
    const auto agent2 = connector.agent(mapping.port2, mapping.passcode2);
    const auto agent3 = connector.agent(mapping.port2, mapping.passcode2);
    for (const auto& [port, passcode] :
         {std::pair{mapping.port1, mapping.passcode1}, std::pair{mapping.port2, mapping.passcode2}}) {
        auto oneTooMany = connector.connect(port);
        oneTooMany.send(passcode);
        BOOST_TEST(isClosedUnanswered(oneTooMany));
    }
}

BOOST_DATA_TEST_CASE(ThresholdsHoldForEachSide, kModes, mode) {
    const ConnectorSetup setup(mode);
    const ConnectorProcess connector(setup);
    const auto mapping =
        connector.api().add(R"({"type":"private","maxconnectionsport1":1,"maxconnectionsport2":1,)"
                            R"("heartbeatabsencethresholdport1":0,"heartbeatabsencethresholdport2":300})");
    auto patient = connector.agent(mapping.port1, mapping.passcode1);
    auto strict = connector.agent(mapping.port2, mapping.passcode2);
    BOOST_TEST(isClosedUnanswered(strict));
    BOOST_TEST(answersBeat(patient));
}

BOOST_DATA_TEST_CASE(AllThatWasSentIsDeliveredBeforeTheEnd, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto [agent, partner] = relayFrom(pipe, side, {.bufferSize = kSmallBuffer});
    auto sending = std::async(std::launch::async, [&agent = agent] {
        sendRandom(agent, kSeed, kMuch);
        agent.close();
    });
    receiveRandom(partner, kSeed, kMuch);
    BOOST_TEST(partner.readToEnd() == "");
    BOOST_TEST(partner.end() == PipeClient::End::Orderly);
    sending.get();
}

BOOST_DATA_TEST_CASE(HalfCloseEndsTheRelay, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto [agent, partner] = relayFrom(pipe, side);
    agent.send("the last words");
    agent.finishSending();
    BOOST_TEST(partner.readToEnd() == "the last words");
    BOOST_TEST(partner.end() == PipeClient::End::Orderly);
    partner.close();
    agent.readToEnd();
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(AgentThatDiesClosesItsPartner, kEverySide, mode, side) {
    const OpenPrivatePipe pipe(mode);
    auto [agent, partner] = relayFrom(pipe, side);
    agent.abort();
    BOOST_TEST(partner.readToEnd() == "");
    BOOST_TEST(partner.end() != PipeClient::End::Orderly);
    pipe.waitFor("relays", 0);
}

BOOST_DATA_TEST_CASE(RemoveClosesEverything, kModes, mode) {
    const OpenPrivatePipe pipe(mode, {.maxConnections = 3});
    auto [agent1, agent2] = pipe.relay();
    auto waiting = pipe.agent1();
    auto holding = pipe.agent1();
    sendAlone(holding, "held payload");
    auto stranger = pipe.connector().connect(pipe.mapping().port2);
    pipe.api().remove(pipe.mapping().id);
    for (auto* client : {&agent1, &agent2, &waiting, &holding, &stranger})
        BOOST_TEST(client->readToEnd() == "");
    BOOST_TEST(refusesConnections(pipe.mapping().port1));
    BOOST_TEST(refusesConnections(pipe.mapping().port2));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
