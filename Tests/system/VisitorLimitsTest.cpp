#include "ConnectorProcess.h"
#include "PipeActions.h"
#include "Waiting.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace connector::test {

namespace {

/// Visitors come from addresses of the loopback network.
constexpr int kHome = 2;
constexpr int kElsewhere = 3;

struct Server {
    explicit Server(Mode mode, const std::map<std::string, int>& settings = {}) : setup(mode) {
        for (const auto& [key, value] : settings)
            setup.set(key, value);
        connector.emplace(setup);
    }

    const ApiClient& api() const { return connector->api(); }

    PipeClient visitor(const AddedMapping& mapping, int house) const {
        ConnectOptions options;
        options.from = "127.0.0." + std::to_string(house);
        return connector->connect(mapping.port2, options);
    }

    /// One that has said something.
    PipeClient speaker(const AddedMapping& mapping, int house, const std::string& word = "hello") const {
        auto client = visitor(mapping, house);
        client.send(word);
        return client;
    }

    PipeClient agent(const AddedMapping& mapping) const {
        return connector->agent(mapping.port1, mapping.passcode1);
    }

    bool serves(const AddedMapping& mapping, int house) const {
        auto waiting = agent(mapping);
        try {
            auto client = visitor(mapping, house);
            return areJoined(client, waiting);
        } catch (const ConnectionLost&) {
            return false;
        }
    }

    std::int64_t refused(const AddedMapping& mapping, const std::string& reason) const {
        return api().show(mapping.id)->getObject("visitorsrefused")->getValue<std::int64_t>(reason);
    }

    void waitForRefused(const AddedMapping& mapping, const std::string& reason, std::int64_t count) const {
        waitUntil(std::to_string(count) + " refused: " + reason,
                  [&] { return refused(mapping, reason) == count; });
    }

    void change(const AddedMapping& mapping, const std::string& json) const {
        const auto answer = api().tryChange(mapping.id, json);
        BOOST_TEST_REQUIRE(answer.status == 200, answer);
    }

    ConnectorSetup setup;
    std::optional<ConnectorProcess> connector;
};

/// Closed at once: in TLS before the handshake, so that connecting throws.
bool isTurnedAway(const Server& server, const AddedMapping& mapping, int house) {
    try {
        auto client = server.visitor(mapping, house);
        return isClosedUnanswered(client);
    } catch (const ConnectionLost&) {
        return true;
    }
}

/// As much as fits into one message.
const std::string kMuch(16 * 1024, 'x');

/// So many visitors that have said much, joined.
struct Speakers {
    Speakers(const Server& server, const AddedMapping& mapping, int count) {
        for (int i = 0; i < count; ++i)
            agents.push_back(server.agent(mapping));
        server.api().waitForCount(mapping.id, "agentswaiting", count);
        for (int i = 0; i < count; ++i)
            visitors.push_back(server.speaker(mapping, kHome, kMuch));
        server.api().waitForCount(mapping.id, "agentswaiting", 0);
    }
    bool areHeard() {
        return std::all_of(agents.begin(), agents.end(),
                           [](auto& agent) { return agent.readExactly(kMuch.size()) == kMuch; });
    }

    std::vector<PipeClient> agents;
    std::vector<PipeClient> visitors;
};

/// Two that are joined.
struct Conversation {
    Conversation(const Server& server, const AddedMapping& mapping, int house)
        : agent(server.agent(mapping)), visitor(server.visitor(mapping, house)) {
        BOOST_TEST_REQUIRE(areJoined(visitor, agent));
    }
    bool goesOn() { return areJoined(visitor, agent); }

    PipeClient agent;
    PipeClient visitor;
};

/// Sends until nobody takes any more. Returns how much was taken.
std::size_t sendUntilStuck(PipeClient& client, std::string_view data) {
    std::size_t taken = 0;
    waitUntil("nobody takes any more", [&] {
        const auto now = client.sendSome(data.substr(taken));
        taken += now;
        return now == 0 || taken == data.size();
    });
    return taken;
}

} // namespace

BOOST_AUTO_TEST_SUITE(VisitorLimits)

BOOST_DATA_TEST_CASE(OnlyThoseOfAllowedNetworksAreServed, kModes, mode) {
    const Server server(mode);
    const auto mapping = server.api().add(
        publicMappingWith(R"("allow":["127.0.0.0/30","2001:db8::/32"],"deny":["127.0.0.3/32"])"));
    BOOST_TEST(server.serves(mapping, kHome));
    BOOST_TEST(isTurnedAway(server, mapping, kElsewhere));
    BOOST_TEST(isTurnedAway(server, mapping, 77));
    BOOST_TEST(server.refused(mapping, "denied") == 2);
    BOOST_TEST(server.api().get("/api/v2/status").json()->getValue<int>("visitorsrefused") == 2);
    server.connector->waitForLog("turned away: its address may not visit this mapping");
}

BOOST_DATA_TEST_CASE(WhoIsDeniedLaterGoesOn, kModes, mode) {
    const Server server(mode);
    const auto mapping = server.api().addPublic();
    Conversation conversation(server, mapping, kHome);
    server.change(mapping, R"({"deny":["127.0.0.2/32"]})");
    BOOST_TEST(isTurnedAway(server, mapping, kHome));
    BOOST_TEST(conversation.goesOn());
    BOOST_TEST(server.serves(mapping, kElsewhere));
    server.change(mapping, R"({"deny":null})");
    BOOST_TEST(server.serves(mapping, kHome));
}

BOOST_DATA_TEST_CASE(AnAddressHasSoManyVisitorsAtOnce, kModes, mode) {
    const Server server(mode);
    const auto mapping = server.api().add(publicMappingWith(R"("visitorsperaddress":2)"));
    Conversation first(server, mapping, kHome);
    auto waiting = server.visitor(mapping, kHome);
    BOOST_TEST(isTurnedAway(server, mapping, kHome));
    BOOST_TEST(server.refused(mapping, "peraddress") == 1);
    BOOST_TEST(server.serves(mapping, kElsewhere));
    BOOST_TEST(first.goesOn());
    server.connector->waitForLog("its address has as many visitors as it may have");

    first.visitor.close();
    BOOST_TEST(first.agent.readToEnd() == "");
    first.agent.close();
    server.api().waitForCount(mapping.id, "relays", 0);
    BOOST_TEST(server.serves(mapping, kHome));
}

BOOST_AUTO_TEST_CASE(SoManyNewOnesOfAnAddressComeWithinASecond) {
    const Server server(Mode::Plain);
    const auto mapping = server.api().add(publicMappingWith(R"("visitorrate":1)"));
    auto first = server.visitor(mapping, kHome);
    server.api().waitForCount(mapping.id, "visitorswaiting", 1);
    waitUntil("one more is too many",
              [&] { return isTurnedAway(server, mapping, kHome) || server.refused(mapping, "rate") > 0; });
    BOOST_TEST(server.serves(mapping, kElsewhere));
    server.change(mapping, R"({"visitorrate":0})");
    BOOST_TEST(server.serves(mapping, kHome));
}

BOOST_AUTO_TEST_CASE(WhatAMappingDoesNotSayIsAsConfigured) {
    const Server server(Mode::Plain, {{"visitors.visitorsperaddress", 1}, {"visitors.relayidle", 600000}});
    const auto usual = server.api().addPublic();
    const auto other = server.api().add(publicMappingWith(R"("visitorsperaddress":0)"));
    BOOST_TEST(server.api().count(usual.id, "visitorsperaddress") == 1);
    BOOST_TEST(server.api().count(usual.id, "relayidle") == 600000);
    BOOST_TEST(server.api().count(other.id, "visitorsperaddress") == 0);
    for (const auto& mapping : {usual, other}) {
        auto first = server.visitor(mapping, kHome);
        server.api().waitForCount(mapping.id, "visitorswaiting", 1);
        auto second = server.visitor(mapping, kHome);
        if (mapping.id == usual.id)
            BOOST_TEST(isClosedUnanswered(second));
        else
            server.api().waitForCount(mapping.id, "visitorswaiting", 2);
    }
    server.change(other, R"({"visitorsperaddress":null})");
    BOOST_TEST(server.api().count(other.id, "visitorsperaddress") == 1);
    const auto closed = server.api().addPrivate();
    BOOST_TEST(server.api().count(closed.id, "relayidle") == 0, "a private mapping has no visitors");
}

BOOST_DATA_TEST_CASE(RelayThatCarriesNothingEnds, kModes, mode) {
    const Server server(mode);
    const auto mapping = server.api().add(publicMappingWith(R"("relayidle":300)"));
    Conversation idle(server, mapping, kHome);
    BOOST_TEST(idle.visitor.readToEnd() == "");
    BOOST_TEST(idle.agent.readToEnd() == "");
    BOOST_TEST(idle.visitor.end() == ByteChannel::End::Orderly);
}

BOOST_DATA_TEST_CASE(RelaysThatRunAlreadyMayBeIdleForSoLong, kModes, mode) {
    const Server server(mode);
    const auto mapping = server.api().addPublic();
    const auto closed = server.api().addPrivate();
    Conversation idle(server, mapping, kHome);
    auto one = server.connector->agent(closed.port1, closed.passcode1);
    auto other = server.connector->agent(closed.port2, closed.passcode2);
    BOOST_TEST(areJoined(one, other));
    server.change(mapping, R"({"relayidle":100})");
    BOOST_TEST(idle.visitor.readToEnd() == "");
    server.change(closed, R"({"relayidle":100})");
    BOOST_TEST(one.readToEnd() == "");
    BOOST_TEST(other.readToEnd() == "");
}

/// What is too fast is not read, and nothing of it is lost.
BOOST_DATA_TEST_CASE(BandwidthIsWhatIsRead, kModes, mode) {
    constexpr std::size_t kBytes = 8U << 20U;
    const Server server(mode);
    const auto mapping = server.api().add(publicMappingWith(R"("bandwidth":1024)"));
    Conversation slow(server, mapping, kHome);
    const std::string sent(kBytes, 'x');
    const auto taken = sendUntilStuck(slow.visitor, sent);
    BOOST_TEST(taken < kBytes);
    BOOST_TEST(server.api().count(mapping.id, "bytesfromport2") < 256 * 1024);
    server.change(mapping, R"({"bandwidth":0})");
    auto rest = std::async(std::launch::async, &PipeClient::flush, &slow.visitor);
    BOOST_TEST(slow.agent.readExactly(taken) == sent.substr(0, taken));
    rest.get();
    BOOST_TEST(slow.goesOn());
}

BOOST_DATA_TEST_CASE(FirstBytesWaitForBandwidth, kModes, mode) {
    const Server server(mode);
    const auto mapping = server.api().add(publicMappingWith(R"("bandwidth":1024)"));
    Speakers speakers(server, mapping, 4);
    const auto most = static_cast<std::int64_t>(kMuch.size());
    BOOST_TEST(server.api().count(mapping.id, "bytesfromport2") <= most);
    server.change(mapping, R"({"label":"as slow as before"})");
    BOOST_TEST(server.serves(server.api().addPublic(), kHome));
    BOOST_TEST(server.api().count(mapping.id, "bytesfromport2") <= most);
    server.change(mapping, R"({"bandwidth":0})");
    BOOST_TEST(speakers.areHeard());
}

BOOST_DATA_TEST_CASE(RelayThatWaitsForItsTurnIsNotIdle, kModes, mode) {
    const Server server(mode);
    const auto mapping = server.api().add(publicMappingWith(R"("bandwidth":1024,"relayidle":300)"));
    const Speakers first(server, mapping, 1);
    Speakers second(server, mapping, 1);
    for (int i = 0; i < 2; ++i) {
        Conversation idle(server, server.api().add(publicMappingWith(R"("relayidle":300)")), kHome);
        BOOST_TEST(idle.visitor.readToEnd() == "");
    }
    server.change(mapping, R"({"bandwidth":0,"relayidle":0})");
    BOOST_TEST(second.areHeard());
    second.visitors.front().send(kMuch);
    BOOST_TEST(second.areHeard(), "its relay goes on");
}

BOOST_AUTO_TEST_CASE(WaitingVisitorsTakeTurnsByAddress) {
    const Server server(Mode::Plain);
    const auto mapping = server.api().addPublic();
    std::vector<PipeClient> visitors;
    for (const auto& [house, word] :
         {std::pair(kHome, "h1"), {kHome, "h2"}, {kHome, "h3"}, {kElsewhere, "e1"}}) {
        visitors.push_back(server.speaker(mapping, house, word));
        server.api().waitForCount(mapping.id, "visitorswaiting", static_cast<std::int64_t>(visitors.size()));
    }
    std::vector<PipeClient> agents;
    std::string order;
    for (std::size_t i = 0; i < visitors.size(); ++i) {
        agents.push_back(server.agent(mapping));
        order += agents.back().readExactly(2);
    }
    BOOST_TEST(order == "h1e1h2h3");
}

BOOST_AUTO_TEST_CASE(AddressWithTheMostThatWaitMakesRoom) {
    const Server server(Mode::Plain, {{"limits.waiting-visitors", 4}});
    const auto mapping = server.api().addPublic();
    std::vector<PipeClient> many;
    for (int i = 0; i < 4; ++i) {
        many.push_back(server.speaker(mapping, kHome));
        server.api().waitForCount(mapping.id, "visitorswaiting", i + 1);
    }
    BOOST_TEST(isTurnedAway(server, mapping, kHome));
    auto other = server.speaker(mapping, kElsewhere, "other");
    server.waitForRefused(mapping, "waiting", 2);
    BOOST_TEST(isClosedUnanswered(many.front()));
    server.api().waitForCount(mapping.id, "visitorswaiting", 4);
    auto first = server.agent(mapping);
    auto second = server.agent(mapping);
    BOOST_TEST(first.readExactly(5) == "hello");
    BOOST_TEST(second.readExactly(5) == "other");
}

/// Else two addresses could displace each other's visitors for ever.
BOOST_AUTO_TEST_CASE(AddressThatWouldHaveFewerMakesNoRoom) {
    const Server server(Mode::Plain, {{"limits.waiting-visitors", 3}});
    const auto mapping = server.api().addPublic();
    std::vector<PipeClient> waiting;
    for (const auto house : {kHome, kHome, kElsewhere}) {
        waiting.push_back(server.speaker(mapping, house));
        server.api().waitForCount(mapping.id, "visitorswaiting", static_cast<std::int64_t>(waiting.size()));
    }
    BOOST_TEST(isTurnedAway(server, mapping, kElsewhere));
    std::vector<PipeClient> agents;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        agents.push_back(server.agent(mapping));
        BOOST_TEST(agents.back().readExactly(5) == "hello");
    }
    BOOST_TEST(server.refused(mapping, "waiting") == 1);
}

/// The speaker has been here for less time.
BOOST_AUTO_TEST_CASE(SilentVisitorMakesRoomBeforeOneThatSpoke) {
    const Server server(Mode::Plain, {{"limits.waiting-visitors", 2}});
    const auto mapping = server.api().addPublic();
    auto silent = server.visitor(mapping, kHome);
    server.api().waitForCount(mapping.id, "visitorswaiting", 1);
    auto agent = server.agent(mapping);
    auto served = server.speaker(mapping, kHome);
    BOOST_TEST(agent.readExactly(5) == "hello");
    auto speaker = server.speaker(mapping, kHome, "speaker");
    server.api().waitForCount(mapping.id, "visitorswaiting", 2);
    auto other = server.speaker(mapping, kElsewhere, "other");
    BOOST_TEST(isClosedUnanswered(silent));
    auto first = server.agent(mapping);
    BOOST_TEST(first.readExactly(7) == "speaker");
}

BOOST_DATA_TEST_CASE(IdleRelayOfTheBusiestAddressGivesWay, kModes, mode) {
    const Server server(mode, {{"limits.idle-relay-yields", 300}});
    const auto mapping = server.api().addPublic(3);
    Conversation ofAnother(server, mapping, kElsewhere + 1);
    Conversation first(server, mapping, kHome);
    Conversation second(server, mapping, kHome);
    auto other = server.speaker(mapping, kElsewhere, "other");
    // Of that address the one that has been idle the longest.
    BOOST_TEST(first.visitor.readToEnd() == "");
    BOOST_TEST(first.agent.readToEnd() == "");
    first.agent.close();
    auto agent = server.agent(mapping);
    BOOST_TEST(agent.readExactly(5) == "other");
    BOOST_TEST(areJoined(other, agent));
    BOOST_TEST(second.goesOn());
    BOOST_TEST(ofAnother.goesOn());
}

/// The agent that has become free may take its time to come back.
BOOST_AUTO_TEST_CASE(NoMoreRelaysGiveWayThanVisitorsWait) {
    const Server server(Mode::Plain, {{"limits.idle-relay-yields", 1}, {"limits.visitor-wait", 1000}});
    const auto mapping = server.api().addPublic(3);
    Conversation first(server, mapping, kHome);
    Conversation second(server, mapping, kHome);
    Conversation third(server, mapping, kHome);
    auto other = server.speaker(mapping, kElsewhere);
    BOOST_TEST(first.visitor.readToEnd() == "");
    BOOST_TEST(isClosedUnanswered(other));
    BOOST_TEST(second.goesOn());
    BOOST_TEST(third.goesOn());
}

BOOST_AUTO_TEST_CASE(WhereNoRelayIsToGiveWayNoneDoes) {
    const Server server(Mode::Plain, {{"limits.idle-relay-yields", 0}, {"limits.visitor-wait", 500}});
    const auto mapping = server.api().addPublic(2);
    Conversation first(server, mapping, kHome);
    Conversation second(server, mapping, kHome);
    auto other = server.speaker(mapping, kElsewhere);
    BOOST_TEST(isClosedUnanswered(other));
    BOOST_TEST(first.goesOn());
    BOOST_TEST(second.goesOn());
}

/// Else a flood of visitors would end those that are served.
BOOST_AUTO_TEST_CASE(IdleRelayGivesNoWayToItsOwnAddressOrToOneThatHasAsMany) {
    const Server server(Mode::Plain, {{"limits.idle-relay-yields", 1}, {"limits.visitor-wait", 500}});
    const auto mapping = server.api().addPublic(2);
    Conversation first(server, mapping, kHome);
    Conversation second(server, mapping, kElsewhere);
    auto third = server.speaker(mapping, kHome);
    auto fourth = server.speaker(mapping, kElsewhere);
    BOOST_TEST(isClosedUnanswered(third));
    BOOST_TEST(isClosedUnanswered(fourth));
    BOOST_TEST(first.goesOn());
    BOOST_TEST(second.goesOn());
    BOOST_TEST(server.refused(mapping, "noagent") == 2);
}

BOOST_DATA_TEST_CASE(MappingHasItsShareOfTheConnections, kModes, mode) {
    const Server server(mode, {{"limits.mapping-visitors", 3}, {"limits.idle-relay-yields", 0}});
    const auto mapping = server.api().addPublic();
    std::vector<PipeClient> many;
    for (int i = 0; i < 3; ++i) {
        many.push_back(server.visitor(mapping, kHome));
        server.api().waitForCount(mapping.id, "visitorswaiting", i + 1);
    }
    BOOST_TEST(isTurnedAway(server, mapping, kHome));
    BOOST_TEST(server.refused(mapping, "share") == 1);
    auto other = server.visitor(mapping, kElsewhere);
    BOOST_TEST(isClosedUnanswered(many.front()));
    auto agent = server.agent(mapping);
    BOOST_TEST(areJoined(other, agent));
    BOOST_TEST(server.serves(server.api().addPublic(), kHome), "another mapping has a share of its own");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
