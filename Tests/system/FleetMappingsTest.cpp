#include "Fleet.h"
#include "PipeActions.h"

#include <Poco/JSON/Array.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <set>

namespace connector::test {

namespace {

constexpr const char* kList = "/api/v2/mapping";

std::string labelOf(const ApiClient& api, const std::string& id) {
    return api.show(id)->getValue<std::string>("label");
}

/// Adds mappings until there are no two free ports, on a thread.
std::future<std::vector<AddedMapping>> addUntilFull(const ApiClient& api) {
    return std::async(std::launch::async, [&api] {
        std::vector<AddedMapping> added;
        for (;;) {
            const auto answer = api.tryAdd(publicMapping());
            if (answer.status != 200) {
                if (!answer.isError(507)) throw std::runtime_error(answer.text);
                return added;
            }
            added.push_back(parseAdded(answer));
        }
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(FleetMappings)

BOOST_AUTO_TEST_CASE(AddedOnOneIsServedByAll) {
    Fleet fleet(3);
    for (std::size_t i = 0; i < 3; ++i)
        fleet.waitUntilAllServe(fleet.api(i).addPublic());
}

BOOST_AUTO_TEST_CASE(PrivateMappingIsServedByAll) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPrivate();
    waitUntil("it is heard of", [&] { return fleet.listens(1, mapping.port2); });
    auto one = fleet.node(1).agent(mapping.port1, mapping.passcode1, {}, fleet.host(1));
    auto other = fleet.node(1).agent(mapping.port2, mapping.passcode2, {}, fleet.host(1));
    BOOST_TEST(areJoined(one, other));
}

BOOST_AUTO_TEST_CASE(RemovedOnOneIsClosedOnAllWithItsConnections) {
    Fleet fleet(3);
    const auto mapping = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(mapping);
    auto [visitor, agent] = fleet.relay(2, mapping);
    BOOST_TEST_REQUIRE(areJoined(visitor, agent));
    fleet.api(1).remove(mapping.id);
    fleet.waitUntilNobodyListens(mapping);
    BOOST_TEST(visitor.readToEnd().empty());
    BOOST_TEST(agent.readToEnd().empty());
    for (std::size_t i = 0; i < 3; ++i)
        BOOST_TEST(fleet.api(i).listIds().empty());
}

BOOST_AUTO_TEST_CASE(ChangedOnOneIsChangedOnAll) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(mapping);
    BOOST_TEST(fleet.api(1).tryChange(mapping.id, R"({"label":"till 3"})").status == 200);
    waitUntil("the label is heard of", [&] { return labelOf(fleet.api(0), mapping.id) == "till 3"; });
    const auto answer = fleet.api(0).request("POST", "/api/v2/mapping/" + mapping.id + "/passcode",
                                             R"({"overlap":0})", ApiClient::kJson);
    BOOST_TEST_REQUIRE(answer.status == 200, answer);
    auto renewed = mapping;
    renewed.passcode1 = answer.field("passcode1");
    waitUntil("the passcode is heard of", [&] {
        try {
            return fleet.serves(1, renewed);
        } catch (const ConnectionLost&) {
            return false;
        }
    });
    BOOST_CHECK_THROW(fleet.serves(1, mapping), ConnectionLost);
}

BOOST_AUTO_TEST_CASE(NewPortIsOpenedOnAll) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPublic();
    const auto other = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(mapping);
    fleet.api(0).remove(other.id);
    fleet.waitUntilNobodyListens(other);
    auto moved = mapping;
    moved.port2 = other.port2;
    const auto wanted = R"({"port2":)" + std::to_string(moved.port2) + "}";
    // A port is free a moment after nobody listens on it.
    waitUntil("it is given the port",
              [&] { return fleet.api(1).tryChange(mapping.id, wanted).status == 200; });
    fleet.waitUntilAllServe(moved);
    waitUntil("the former port is closed everywhere",
              [&] { return !fleet.listens(0, mapping.port2) && !fleet.listens(1, mapping.port2); });
}

/// A Controller behind a balancer asks another one each time, and does not wait in between.
BOOST_AUTO_TEST_CASE(MappingIsKnownOnAllFromTheAnswerOn) {
    Fleet fleet(2);
    for (int round = 0; round < 20; ++round) {
        const auto mapping = fleet.api(0).addPublic();
        BOOST_TEST(fleet.api(1).show(mapping.id)->getValue<int>("port1") == mapping.port1);
        const auto second = fleet.api(0).addPublic();
        BOOST_TEST(fleet.api(1).tryChange(second.id, R"({"label":"x"})").status == 200);
        BOOST_TEST(fleet.api(0).tryChange(second.id, R"({"label":"y"})").status == 200);
        BOOST_TEST(fleet.api(1).tryRemove(second.id).status == 200);
        const auto third = fleet.api(0).addPublic();
        BOOST_TEST(fleet.api(1).tryRemove(third.id).status == 200);
        BOOST_TEST(fleet.api(0).tryRemove(third.id).status == 404);
    }
}

BOOST_AUTO_TEST_CASE(NoPortIsGivenTwice) {
    Fleet fleet(2, {.mappingPorts = 40});
    auto ones = addUntilFull(fleet.api(0));
    auto others = addUntilFull(fleet.api(1));
    std::set<std::uint16_t> ports;
    for (auto* added : {&ones, &others})
        for (const auto& mapping : added->get()) {
            BOOST_TEST(ports.insert(mapping.port1).second);
            BOOST_TEST(ports.insert(mapping.port2).second);
        }
    BOOST_TEST(ports.size() == 40U);
    waitUntil("both know all", [&] {
        return fleet.api(0).listIds().size() == 20U && fleet.api(0).listIds() == fleet.api(1).listIds();
    });
}

BOOST_AUTO_TEST_CASE(PortThatIsAskedForAndTakenElsewhereIsRefused) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPublic();
    const auto answer = fleet.api(1).tryAdd(publicMappingWith("\"port1\":" + std::to_string(mapping.port2)));
    BOOST_TEST(isRefused(answer, 409, "port1: " + std::to_string(mapping.port2) + " is taken by"), answer);
}

/// Two on each.
BOOST_AUTO_TEST_CASE(ChangesAtTheSameTimeAreAllMade) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPublic();
    const std::map<std::string, std::size_t> keys{
        {"visitorsperaddress", 0}, {"visitorrate", 0}, {"relayidle", 1}, {"bandwidth", 1}};
    std::vector<std::future<void>> changes;
    for (const auto& [key, node] : keys)
        changes.push_back(std::async(std::launch::async, [&fleet, &mapping, key = key, node = node] {
            const ApiClient api("127.0.0.1", fleet.setup(node).apiPort());
            for (int value = 2001; value <= 2030; ++value) {
                const auto json = "{\"" + key + "\":" + std::to_string(value) + "}";
                const auto answer = api.tryChange(mapping.id, json);
                if (answer.status != 200) throw std::runtime_error(answer.text);
            }
        }));
    for (auto& change : changes)
        change.get();
    for (std::size_t i = 0; i < 2; ++i)
        waitUntil("all changes are heard of", [&] {
            const auto shown = fleet.api(i).show(mapping.id);
            return std::all_of(keys.begin(), keys.end(),
                               [&](const auto& each) { return shown->getValue<int>(each.first) == 2030; });
        });
}

BOOST_AUTO_TEST_CASE(PortThatSomethingElseHoldsHereIsDegradedHere) {
    Fleet fleet(2, {.limits = {{"retry-ports", 50}}});
    const auto first = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(first);
    fleet.api(0).remove(first.id);
    fleet.waitUntilNobodyListens(first);
    auto thief = std::make_unique<Poco::Net::ServerSocket>();
    thief->bind(Poco::Net::SocketAddress(fleet.host(1), first.port2), true);
    thief->listen();
    const auto answer = fleet.api(0).tryAdd(publicMappingWith("\"port2\":" + std::to_string(first.port2)));
    BOOST_TEST_REQUIRE(answer.status == 200, answer);
    const auto mapping = parseAdded(answer);
    waitUntil("it is degraded there",
              [&] { return fleet.api(1).show(mapping.id)->getValue<std::string>("state") == "degraded"; });
    BOOST_TEST(fleet.serves(0, mapping));
    thief.reset();
    fleet.waitUntilAllServe(mapping);
}

BOOST_AUTO_TEST_CASE(AnswersAndMetricsSayWhichNodeItIs) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPublic();
    for (std::size_t i = 0; i < 2; ++i) {
        const auto node = "node" + std::to_string(i);
        BOOST_TEST(fleet.api(i).get(kList).json()->getValue<std::string>("node") == node);
        BOOST_TEST(fleet.api(i).show(mapping.id)->getValue<std::string>("node") == node);
        BOOST_TEST(fleet.api(i).get("/metrics").text.find("node=\"" + node + "\"") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(AcknowledgedMappingsSurviveKillOfTheNodeThatHasThem) {
    Fleet fleet(2);
    std::vector<AddedMapping> added;
    for (int i = 0; i < 5; ++i)
        added.push_back(fleet.api(0).addPublic());
    fleet.kill(0);
    for (const auto& mapping : added)
        BOOST_TEST(fleet.api(1).show(mapping.id)->getValue<int>("port2") == mapping.port2);
    fleet.api(1).remove(added.front().id);
    fleet.start(0);
    BOOST_TEST((fleet.api(0).listIds() == fleet.api(1).listIds()));
    BOOST_TEST(fleet.api(0).listIds().size() == 4U);
    fleet.waitUntilAllServe(added.back());
}

BOOST_AUTO_TEST_CASE(WhatWasNotToldIsFoundByTheComparison) {
    Fleet fleet(2, {.limits = {{"database-compare", 100}}});
    const auto kept = fleet.api(0).addPublic();
    const auto lost = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(lost);
    fleet.ask("ALTER TABLE mapping DISABLE TRIGGER USER; DELETE FROM mapping WHERE id = '" + lost.id +
              "'; ALTER TABLE mapping ENABLE TRIGGER USER; SELECT nextval('change_number')");
    fleet.waitUntilNobodyListens(lost);
    fleet.waitUntilAllServe(kept);
}

BOOST_AUTO_TEST_CASE(LastUseIsTheLatestOfAllNodes) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(mapping);
    BOOST_TEST(fleet.serves(1, mapping));
    const auto lastVisitor = [&](std::size_t index) {
        return fleet.api(index).show(mapping.id)->getValue<Poco::Int64>("lastvisitor");
    };
    const auto latest = lastVisitor(1);
    BOOST_TEST(fleet.stop(1) == 0);
    BOOST_TEST(fleet.stop(0) == 0);
    fleet.start(0);
    BOOST_TEST(lastVisitor(0) >= latest);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
