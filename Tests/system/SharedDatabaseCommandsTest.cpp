#include "Commands.h"
#include "ConnectorProcess.h"
#include "PostgresServer.h"
#include "Skipping.h"

#include <boost/test/unit_test.hpp>

#include <filesystem>

namespace connector::test {

namespace {

/// A Connector's setup with a database of a server's; null where there is no server to be had.
struct SharedSetup {
    SharedSetup() {
        if (!PostgresServer::isInstalled()) {
            skipTest("no PostgreSQL is installed");
            return;
        }
        server = std::make_unique<PostgresServer>();
        database = server->newDatabase();
        withOperator(setup).setJson("database", R"({"url": ")" + server->uri(database) +
                                                    R"(", "password-file": ")" + server->passwordFile() +
                                                    R"(", "cache": ")" + setup.folder().path("cache.db") +
                                                    "\"}");
    }

    std::string import(const std::string& id, int port) const {
        const auto file = setup.folder().write(
            "configs.json", R"({"mappings":[{"id":")" + id + R"(","port1":)" + std::to_string(port) +
                                R"(,"port2":)" + std::to_string(port + 1) +
                                R"(,"maxconnectionsport1":60,"maxconnectionsport2":0,"passcodeport1":"of )" +
                                id + R"(","passcodeport2":"","heartbeatabsencethresholdport1":60000,)" +
                                R"("heartbeatabsencethresholdport2":0}]})");
        const auto finished = runCommand(setup, {"import", file});
        return finished.exitCode == 0 ? "" : finished.output;
    }

    std::string database;
    ConnectorSetup setup;
    std::unique_ptr<PostgresServer> server;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(SharedDatabaseCommands, SharedSetup)

BOOST_AUTO_TEST_CASE(CheckLooksAndChangesNothing) {
    if (!server) return;
    const auto before = runCommand(setup, {"check"});
    BOOST_TEST(before.exitCode == 0, shown(before));
    BOOST_TEST(says(before, server->uri(database) + ": not there yet"), shown(before));
    BOOST_TEST(server->ask(database, "SELECT count(*) FROM pg_class WHERE relname = 'mapping'") == "0");
    BOOST_TEST(import("a", setup.firstMappingPort()) == "");
    const auto after = jsonOf(setup, {"check"});
    BOOST_TEST(after->getValue<std::string>("database") == server->uri(database));
    BOOST_TEST(after->getValue<int>("mappings") == 1);
    BOOST_TEST(!after->getValue<bool>("running"));
    server->stop();
    const auto without = runCommand(setup, {"check"});
    BOOST_TEST(without.exitCode == 74, shown(without));
    BOOST_TEST(says(without, "Connection refused"), shown(without));
}

BOOST_AUTO_TEST_CASE(WhatIsImportedIsServedByThoseThatRun) {
    if (!server) return;
    const ConnectorProcess connector(setup);
    BOOST_TEST(jsonOf(setup, {"check"})->getValue<bool>("running"));
    const auto port = setup.firstMappingPort();
    BOOST_TEST(import("a", port) == "");
    waitUntil("what was imported is served", [&] {
        return runCommand(setup, {"mapping", "show", "a"}).exitCode == 0;
    });
    auto agent = connector.agent(port, "of a");
    auto visitor = connector.connect(static_cast<std::uint16_t>(port + 1));
    visitor.send("hello");
    BOOST_TEST(agent.readExactly(5) == "hello");
    BOOST_TEST(import("b", port).find("nothing was imported") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ThePasswordIsNowhere) {
    if (!server) return;
    setup.set("log.level", "trace");
    ConnectorProcess connector(setup);
    const auto status = runCommand(setup, {"status", "--json"});
    const auto check = runCommand(setup, {"check", "--json"});
    server->ask(database, std::string("ALTER USER ") + PostgresServer::kUser + " PASSWORD 'another'");
    const auto refused = runCommand(setup, {"check"});
    BOOST_TEST(says(refused, "password authentication failed"), shown(refused));
    for (const auto& text : {status.output, check.output, refused.output, connector.log()})
        BOOST_TEST(text.find("secret") == std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(WhatIsMissingIsNamed) {
    if (!server) return;
    const auto program = setup.folder().path("iofog-connector");
    std::filesystem::copy_file(programPath("CONNECTOR_BIN"), program);
    ConnectorSetup& alone = setup.useProgram(program);
    const auto finished = run(alone.command());
    BOOST_TEST(finished.exitCode == 74, shown(finished));
    BOOST_TEST(says(finished, "libpocodatapostgresql80"), shown(finished));
    alone.set("database", setup.databaseFile());
    BOOST_CHECK_NO_THROW(const ConnectorProcess connector(alone));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
