#include "Fleet.h"
#include "PipeActions.h"

#include <Poco/Data/Session.h>

#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

/// Ends those of all Connectors.
const std::string kEndConnections = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                    " WHERE pid <> pg_backend_pid() AND datname = current_database()";

/// Mappings in a SQLite file that a Connector writes to.
int rowsIn(const std::string& file) {
    using namespace Poco::Data::Keywords;
    Poco::Data::Session session("SQLite", file);
    int rows = 0;
    session << "SELECT count(*) FROM mapping", into(rows), now;
    return rows;
}

} // namespace

BOOST_AUTO_TEST_SUITE(FleetDatabase)

BOOST_AUTO_TEST_CASE(WhatIsOpenIsServedWithoutTheDatabase) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(mapping);
    auto [visitor, agent] = fleet.relay(0, mapping);
    BOOST_TEST_REQUIRE(areJoined(visitor, agent));
    {
        const Outage outage;
        fleet.waitForState(0, "unreachable");
        fleet.waitForState(1, "unreachable");
        BOOST_TEST(areJoined(visitor, agent));
        BOOST_TEST(fleet.serves(1, mapping));
        BOOST_TEST(isRefused(fleet.api(0).tryAdd(publicMapping()), 503, "database"));
        BOOST_TEST(isRefused(fleet.api(0).tryRemove(mapping.id), 503, "database"));
        BOOST_TEST(isRefused(fleet.api(0).tryChange(mapping.id, R"({"label":"x"})"), 503, "database"));
        BOOST_TEST(fleet.api(0).show(mapping.id)->getValue<int>("port1") == mapping.port1);
        BOOST_TEST(isRefused(fleet.api(0).get("/api/v2/mapping/2ae8ff72-7447-47de-a4ec-123eb214d63e"), 503,
                             "database"));
        BOOST_TEST(fleet.api(0).get("/health").status == 200);
    }
    fleet.waitForState(0, "ok");
    fleet.waitForState(1, "ok");
    BOOST_TEST(areJoined(visitor, agent));
    const auto later = fleet.api(1).addPublic();
    fleet.waitUntilAllServe(later);
    BOOST_TEST((fleet.api(0).listIds() == std::set<std::string>{mapping.id, later.id}));
}

BOOST_AUTO_TEST_CASE(NodeThatWasCutOffCatchesUp) {
    Fleet fleet(2);
    const auto removed = fleet.api(0).addPublic();
    const auto changed = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(changed);
    fleet.node(1).process().freeze();
    fleet.ask(kEndConnections);
    fleet.api(0).remove(removed.id);
    BOOST_TEST(fleet.api(0).tryChange(changed.id, R"({"label":"changed"})").status == 200);
    const auto added = fleet.api(0).addPublic();
    fleet.node(1).process().signal(SIGCONT);
    fleet.waitUntilAllServe(added);
    fleet.waitUntilNobodyListens(removed);
    waitUntil("the change is known",
              [&] { return fleet.api(1).show(changed.id)->getValue<std::string>("label") == "changed"; });
}

BOOST_AUTO_TEST_CASE(StartWithoutTheDatabaseServesWhatWasKnown) {
    Fleet fleet(2);
    const auto kept = fleet.api(0).addPublic();
    const auto removed = fleet.api(1).addPrivate();
    fleet.waitUntilAllServe(kept);
    const auto changed = fleet.api(0).addPublic();
    BOOST_TEST(fleet.api(0).tryChange(changed.id, R"({"label":"before"})").status == 200);
    waitUntil("all is known there",
              [&] { return fleet.api(1).show(changed.id)->getValue<std::string>("label") == "before"; });
    BOOST_TEST(fleet.stop(1) == 0);
    {
        const Outage outage;
        fleet.start(1);
        fleet.node(1).waitForLog("3 mappings are served as they were last known");
        BOOST_TEST(fleet.serves(1, kept));
        BOOST_TEST(fleet.api(1).show(changed.id)->getValue<std::string>("label") == "before");
        BOOST_TEST(isRefused(fleet.api(1).tryAdd(publicMapping()), 503, "database"));
        fleet.waitForState(1, "unreachable");
        fleet.kill(1);
    }
    fleet.waitForState(0, "ok");
    fleet.api(0).remove(removed.id);
    const auto added = fleet.api(0).addPublic();
    {
        const Outage outage;
        fleet.start(1);
        BOOST_TEST((fleet.api(1).listIds() == std::set<std::string>{kept.id, changed.id, removed.id}));
    }
    fleet.waitUntilAllServe(added);
    fleet.waitUntilNobodyListens(removed);
    BOOST_TEST((fleet.api(1).listIds() == fleet.api(0).listIds()));
}

BOOST_AUTO_TEST_CASE(KilledNodeStartsWithoutTheDatabase) {
    Fleet fleet(1);
    std::vector<AddedMapping> added;
    for (int i = 0; i < 10; ++i)
        added.push_back(fleet.api(0).addPublic());
    waitUntil("the cache has them all", [&] { return rowsIn(fleet.cache(0)) == 10; });
    fleet.api(0).remove(added.front().id);
    waitUntil("it has heard of the removal", [&] { return rowsIn(fleet.cache(0)) == 9; });
    fleet.kill(0);
    const Outage outage;
    fleet.start(0);
    BOOST_TEST(fleet.api(0).listIds().size() == 9U);
    fleet.kill(0);
    fleet.start(0);
    BOOST_TEST(fleet.serves(0, added.back()));
}

BOOST_AUTO_TEST_CASE(FirstStartNeedsTheDatabase) {
    Fleet fleet(1);
    BOOST_TEST(fleet.stop(0) == 0);
    const Outage outage;
    for (int i = 0; i < 2; ++i) { // what the first try has left behind is nothing that is known
        const auto finished = run(fleet.setup(0).command());
        BOOST_TEST(finished.exitCode != 0);
        BOOST_TEST(finished.exitCode < 128);
        BOOST_TEST(finished.output.find("nothing is known of it from before") != std::string::npos,
                   finished.output);
        BOOST_TEST(finished.output.find(PostgresServer::kPassword) == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(DamagedCacheIsPutAside) {
    Fleet fleet(1);
    const auto mapping = fleet.api(0).addPublic();
    BOOST_TEST(fleet.stop(0) == 0);
    writeFile(fleet.cache(0), "no database");
    fleet.start(0);
    fleet.node(0).waitForLog("begun anew");
    BOOST_TEST(readFile(fleet.cache(0) + ".damaged") == "no database");
    BOOST_TEST(fleet.serves(0, mapping));
    BOOST_TEST(fleet.stop(0) == 0);
    const Outage outage;
    fleet.start(0);
    BOOST_TEST(fleet.serves(0, mapping));
}

BOOST_AUTO_TEST_CASE(OneCacheIsOneConnectors) {
    Fleet fleet(2);
    BOOST_TEST(fleet.stop(1) == 0);
    fleet.setup(1).set("database.cache", fleet.cache(0));
    const auto finished = run(fleet.setup(1).command());
    BOOST_TEST(finished.exitCode != 0);
    BOOST_TEST(finished.output.find(fleet.cache(0)) != std::string::npos, finished.output);
    BOOST_TEST(fleet.api(0).get("/health").status == 200);
}

BOOST_AUTO_TEST_CASE(DamagedRowIsServedUntilARestart) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(mapping);
    fleet.ask("UPDATE mapping SET label = 'damaged' WHERE id = '" + mapping.id + "'");
    const auto later = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(later);
    fleet.waitUntilAllServe(mapping);
    BOOST_TEST(fleet.stop(1) == 0);
    fleet.start(1);
    fleet.waitForState(1, "ok");
    fleet.waitUntilAllServe(fleet.api(0).addPublic()); // by now all was compared
    BOOST_TEST(!fleet.listens(1, mapping.port2));
    BOOST_TEST(fleet.api(1).get("/api/v2/status").json()->getValue<int>("damaged") == 1);
    BOOST_TEST(fleet.api(1).tryRemove(mapping.id).status == 200);
    fleet.waitUntilNobodyListens(mapping);
    BOOST_TEST(fleet.api(1).get("/api/v2/status").json()->getValue<int>("damaged") == 0);
}

BOOST_AUTO_TEST_CASE(DatabaseThatHasLostItsTablesClosesNothing) {
    Fleet fleet(2);
    const auto mapping = fleet.api(0).addPublic();
    fleet.waitUntilAllServe(mapping);
    std::string leave = "CREATE SCHEMA away;";
    std::string comeBack;
    for (const std::string name : {"TABLE mapping", "TABLE mapping_port", "TABLE released_port",
                                   "TABLE connector_schema", "SEQUENCE change_number"}) {
        leave += "ALTER " + name + " SET SCHEMA away;";
        comeBack += "ALTER " + name.substr(0, name.find(' ')) + " away" +
                    name.substr(name.find(' ')).replace(0, 1, ".") + " SET SCHEMA public;";
    }
    fleet.ask(leave + kEndConnections);
    for (std::size_t i = 0; i < 2; ++i) {
        fleet.waitForState(i, "unreachable");
        BOOST_TEST(isRefused(fleet.api(i).tryAdd(publicMapping()), 503, "database"));
        BOOST_TEST(fleet.serves(i, mapping));
    }
    BOOST_TEST(fleet.stop(1) == 0);
    fleet.start(1);
    BOOST_TEST(fleet.serves(1, mapping));
    fleet.ask(comeBack);
    for (std::size_t i = 0; i < 2; ++i) {
        fleet.waitForState(i, "ok");
        BOOST_TEST((fleet.api(i).listIds() == std::set<std::string>{mapping.id}));
    }
    fleet.waitUntilAllServe(fleet.api(1).addPublic());
}

BOOST_AUTO_TEST_CASE(PasswordIsInNoLog) {
    Fleet fleet(1);
    {
        const Outage outage;
        fleet.waitForState(0, "unreachable");
    }
    fleet.waitForState(0, "ok");
    writeFile(sharedServer().passwordFile(), "another\n");
    fleet.ask(kEndConnections);
    fleet.node(0).waitForLog("password authentication failed");
    writeFile(sharedServer().passwordFile(), std::string(PostgresServer::kPassword) + "\n");
    fleet.waitForState(0, "ok");
    BOOST_TEST(fleet.stop(0) == 0);
    BOOST_TEST(fleet.node(0).log().find(PostgresServer::kPassword) == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
