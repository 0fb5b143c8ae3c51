#include "Fleet.h"
#include "PipeActions.h"
#include "UpgradedConnector.h"

#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

/// A Connector of a fleet that is upgraded, beside one that is not.
class UpgradedNode {
  public:
    Folder folder;
    Fleet fleet{1};
    UpgradedConnector connector{Mode::Plain,
                                {},
                                {},
                                {{"database.url", sharedServer().uri(fleet.database())},
                                 {"database.password-file", sharedServer().passwordFile()},
                                 {"database.cache", folder.path("cache.db")}}};
};

} // namespace

BOOST_AUTO_TEST_SUITE(FleetUpgrade)

BOOST_AUTO_TEST_CASE(UpgradedNodeGoesOnFollowing) {
    UpgradedNode node;
    const auto mapping = node.connector.api().addPublic();
    auto agent = node.connector.first().agent(mapping.port1, mapping.passcode1);
    auto visitor = node.connector.first().connect(mapping.port2);
    BOOST_TEST_REQUIRE(areJoined(visitor, agent));
    node.connector.upgrade();
    BOOST_TEST(areJoined(visitor, agent));
    BOOST_TEST(node.fleet.api(0).show(mapping.id)->getValue<int>("port1") == mapping.port1);
    const auto added = node.connector.api().addPublic();
    BOOST_TEST(node.fleet.api(0).show(added.id)->getValue<int>("port1") == added.port1);
    node.fleet.api(0).remove(mapping.id);
    waitUntil("the upgraded one hears of it",
              [&] { return node.connector.api().listIds() == std::set<std::string>{added.id}; });
    BOOST_TEST(visitor.readToEnd().empty(), "a relay of the former process");
    BOOST_TEST(agent.readToEnd().empty());
}

BOOST_AUTO_TEST_CASE(NodeWhoseUpgradeFailsGoesOnFollowing) {
    UpgradedNode node;
    const auto mapping = node.connector.api().addPublic();
    node.connector.install("#!/bin/false\n");
    node.connector.failToUpgrade();
    node.fleet.api(0).remove(mapping.id);
    waitUntil("it hears of it", [&] { return node.connector.api().listIds().empty(); });
    const auto added = node.connector.api().addPublic();
    BOOST_TEST(node.fleet.api(0).show(added.id)->getValue<int>("port1") == added.port1);
}

BOOST_AUTO_TEST_CASE(NodeIsUpgradedWithoutTheDatabase) {
    UpgradedNode node;
    const auto mapping = node.connector.api().addPublic();
    node.connector.upgrade();
    BOOST_TEST(node.connector.api().show(mapping.id)->getValue<int>("port1") == mapping.port1);
    {
        const Outage outage;
        node.connector.upgrade();
        waitUntil("the new process serves", [&] {
            try {
                return node.connector.first().serves(mapping);
            } catch (const ConnectionLost&) { // by the former one, which has just let go of the port
                return false;
            }
        });
    }
    waitUntil("the database is reached again",
              [&] { return node.connector.api().tryAdd(publicMapping()).status == 200; });
    BOOST_TEST(node.connector.api().listIds().size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
