#include "Commands.h"
#include "ConnectorProcess.h"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/Session.h>
#include <Poco/JSON/Array.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

namespace connector::test {

namespace {

/// Runs a Connector once, so that there is a database with a mapping.
AddedMapping makeDatabase(const ConnectorSetup& setup) {
    const ConnectorProcess connector(setup);
    auto api = connector.api();
    api.setToken(kOperatorToken);
    return api.addPublic();
}

void executeOn(const ConnectorSetup& setup, const std::string& statement) {
    Poco::Data::SQLite::Connector::registerConnector();
    Poco::Data::Session session("SQLite", setup.databaseFile());
    session << "PRAGMA journal_mode=DELETE", Poco::Data::Keywords::now;
    session << statement, Poco::Data::Keywords::now;
}

} // namespace

BOOST_AUTO_TEST_SUITE(CheckCommand)

BOOST_DATA_TEST_CASE(GoodConfigurationIsSummarized, kModes, mode) {
    ConnectorSetup setup(mode);
    const auto before = runCommand(withOperator(setup), {"check"});
    BOOST_TEST(before.exitCode == 0, shown(before));
    for (const auto& part : {setup.configFile() + ": ok", setup.databaseFile() + ": not there yet",
                             std::string(mode == Mode::Plain ? "development" : "production"),
                             "port " + std::to_string(setup.apiPort()), std::string("100 for mappings")})
        BOOST_TEST(says(before, part), part << " in " << shown(before));
    BOOST_CHECK_THROW(readFile(setup.databaseFile()), std::runtime_error);
    makeDatabase(setup);
    BOOST_TEST(jsonOf(setup, {"check"})->getValue<int>("mappings") == 1);
    BOOST_TEST(!jsonOf(setup, {"check"})->getValue<bool>("running"));
}

BOOST_AUTO_TEST_CASE(NothingIsChanged) {
    const ConnectorSetup setup;
    makeDatabase(setup);
    const auto content = readFile(setup.databaseFile());
    BOOST_TEST(runCommand(setup, {"check"}).exitCode == 0);
    BOOST_TEST((readFile(setup.databaseFile()) == content));
    BOOST_CHECK_THROW(readFile(setup.databaseFile() + "-shm"), std::runtime_error);
    BOOST_CHECK_THROW(readFile(setup.databaseFile() + "-wal"), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(RunningConnectorIsNotDisturbed) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    connector.api().addPublic();
    const auto checked = jsonOf(setup, {"check"});
    BOOST_TEST(checked->getValue<bool>("running"));
    BOOST_TEST(checked->getValue<int>("mappings") == 1);
    connector.api().addPublic();
    BOOST_TEST(jsonOf(setup, {"check"})->getValue<int>("mappings") == 2);
}

BOOST_AUTO_TEST_CASE(MappingsThatAKillHasLeftInTheLogAreSeen) {
    const ConnectorSetup setup;
    ConnectorProcess connector(setup);
    connector.api().addPublic();
    connector.kill();
    BOOST_TEST(jsonOf(setup, {"check"})->getValue<int>("mappings") == 1);
}

BOOST_AUTO_TEST_CASE(DatabaseThatCantBeUsedIsAnError) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"PRAGMA user_version=999", "version 999, which a newer iofog-connector has written"},
        {"PRAGMA user_version=0", "another program's database"},
    };
    for (const auto& [statement, named] : cases) {
        const ConnectorSetup setup;
        makeDatabase(setup);
        executeOn(setup, statement);
        const auto finished = runCommand(setup, {"check"});
        BOOST_TEST(hasFailed(finished, kIoError, {setup.databaseFile(), named}), shown(finished));
    }
    const ConnectorSetup setup;
    writeFile(setup.databaseFile(),
              "this is no database, and long enough for SQLite to look at its first bytes");
    const auto finished = runCommand(setup, {"check"});
    BOOST_TEST(hasFailed(finished, kIoError, {setup.databaseFile()}), shown(finished));
}

BOOST_AUTO_TEST_CASE(NewerDatabaseEndsImportAndStartToo) {
    const ConnectorSetup setup;
    makeDatabase(setup);
    executeOn(setup, "PRAGMA user_version=999");
    const auto file = setup.folder().write("configs.json", R"({"mappings":[]})");
    for (const auto& words : {std::vector<std::string>{"import", file}, {"start"}}) {
        const auto finished = runCommand(setup, words);
        BOOST_TEST(hasFailed(finished, kIoError, {"version 999, which a newer iofog-connector has written"}),
                   shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(WrongConfigurationIsAnError) {
    ConnectorSetup setup(Mode::Tls);
    setup.set("api.port", 70000);
    const auto wrong = runCommand(setup, {"check"});
    BOOST_TEST(hasFailed(wrong, kConfig, {setup.configFile(), "api.port", "70000"}), shown(wrong));
    setup.set("api.port", setup.apiPort());
    setup.set("tls.key", setup.folder().path("missing.pem"));
    const auto missing = runCommand(setup, {"check"});
    BOOST_TEST(hasFailed(missing, kConfig, {"missing.pem"}), shown(missing));
}

BOOST_AUTO_TEST_CASE(SurprisesAreWarnedOf) {
    ConnectorSetup setup(Mode::Tls);
    const auto mapping = makeDatabase(setup);
    const auto first = setup.firstMappingPort() + 50;
    setup.setJson("ports", "[\"" + std::to_string(first) + "-" + std::to_string(first + 9) + "\"]");
    setup.set("address", "connector.example.org");
    withOperator(setup);
    const auto command = setup.command({"check"});
    ::chmod(setup.configFile().c_str(), 0644);
    ::chmod(setup.serverCertificate().keyFile.c_str(), 0644);
    const auto finished = run(command);
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    for (const auto& part :
         {std::string("not for connector.example.org"), std::string("certificate expires on"),
          std::string("may read the tokens"), std::string("may read the key"),
          "not in \"ports\": " + std::to_string(mapping.port1)})
        BOOST_TEST(says(finished, part), part << " in " << shown(finished));
}

BOOST_AUTO_TEST_CASE(FoldersThatAreNoneAreWarnedOf) {
    ConnectorSetup setup;
    const auto log = setup.folder().path("missing/connector.log");
    const auto database = setup.configFile() + "/below/mappings.db";
    setup.set("log.file", log).set("database", database);
    const auto finished = runCommand(setup, {"check"});
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    BOOST_TEST(says(finished, "log.file: " + setup.folder().path("missing") + " is no folder"),
               shown(finished));
    BOOST_TEST(says(finished, "database: " + setup.configFile() + " is no folder"), shown(finished));
    setup.set("database", setup.folder().path("missing/mappings.db"));
    const auto made = runCommand(setup, {"check"});
    BOOST_TEST(!says(made, "database: " + setup.folder().path("")), shown(made));
}

BOOST_AUTO_TEST_CASE(AddressThatIsNotInTheCertificateIsWarnedOf) {
    struct Case {
        std::string namesInCertificate;
        std::vector<std::string> covered;
        std::vector<std::string> notCovered;
    };
    const std::vector<Case> cases{
        {"DNS:gate.example.org", {"gate.example.org", "GATE.example.org"}, {"example.org", "192.0.2.7"}},
        {"DNS:*.example.org", {"gate.example.org"}, {"example.org", "a.gate.example.org"}},
        {"IP:192.0.2.7", {"192.0.2.7"}, {"192.0.2.8", "2001:db8::7"}},
        {"IP:2001:db8::7", {"2001:db8::7", "2001:DB8:0:0::7"}, {"2001:db8::8"}},
        {"DNS:gate.example.org,IP:192.0.2.7", {"gate.example.org", "192.0.2.7"}, {"192.0.2.8"}},
        {"DNS:192.0.2.7", {}, {"192.0.2.7"}}, // clients look for an address among the addresses
    };
    for (const auto& [names, covered, notCovered] : cases) {
        ConnectorSetup setup(Mode::Tls);
        const auto pair = CertificateAuthority::shared().issueWith(setup.folder(), "server", names);
        setup.set("tls.certificate", pair.certificateFile).set("tls.key", pair.keyFile);
        const auto warns = [&](const std::string& address) {
            const auto finished = runCommand(setup.set("address", address), {"check"});
            BOOST_TEST(finished.exitCode == 0, shown(finished));
            return says(finished, "the certificate is not for " + address + ", which is \"address\"");
        };
        for (const auto& address : covered)
            BOOST_TEST(!warns(address), address << " is in " << names);
        for (const auto& address : notCovered)
            BOOST_TEST(warns(address), address << " is not in " << names);
    }
}

BOOST_AUTO_TEST_CASE(NamesInTheCertificateAreShown) {
    const auto namesOf = [](const std::string& commonName, const std::string& names) {
        ConnectorSetup setup(Mode::Tls);
        const auto pair = CertificateAuthority::shared().issueWith(setup.folder(), commonName, names);
        setup.set("tls.certificate", pair.certificateFile).set("tls.key", pair.keyFile);
        std::string result;
        const auto array = jsonOf(setup, {"check"})->getArray("certificatenames");
        for (const auto& name : *array)
            result += name.toString() + " ";
        return result;
    };
    BOOST_TEST(namesOf("a.example.org", "DNS:*.example.org,IP:192.0.2.7,IP:2001:db8::7,URI:urn:x") ==
               "*.example.org 192.0.2.7 2001:db8::7 ");
    BOOST_TEST(namesOf("a.example.org", "IP:192.0.2.7") == "192.0.2.7 a.example.org ");
    BOOST_TEST(namesOf("192.0.2.7", "IP:192.0.2.7") == "192.0.2.7 ");
    BOOST_TEST(namesOf("192.0.2.7", "URI:urn:x") == "");
    BOOST_TEST(!jsonOf(ConnectorSetup(), {"check"})->has("certificatenames"));
}

BOOST_DATA_TEST_CASE(MappingOnAPortOfTheServersOwnIsWarnedOf,
                     boost::unit_test::data::make({"api.port", "metrics.port"}), key) {
    ConnectorSetup setup;
    const auto mapping = makeDatabase(setup);
    setup.set(key, mapping.port2);
    setup.setJson("exclude", "[\"" + std::to_string(mapping.port2) + "\"]");
    const auto finished = runCommand(setup, {"check"});
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    BOOST_TEST(says(finished, "mapping " + mapping.id + " has port " + std::to_string(mapping.port2) +
                                  ", which is " + key + "; it can't be served: choose another " + key),
               shown(finished));
    BOOST_TEST(!says(finished, "served all the same"), shown(finished));
}

BOOST_AUTO_TEST_CASE(ConfigurationOfTheEarlierConnectorIsRead) {
    const ConnectorSetup setup;
    const Folder folder;
    const auto wanted = folder.path("iofog-connector.config");
    const auto earlier =
        folder.write("iofog-connector.conf",
                     R"({"ports":["6000-6001","7000-7002","30000-30009"],"exclude":["7001"],"broker":12345,)"
                     R"("address":"127.0.0.1","dev":true})");
    const auto check = [&] {
        return run(
            {.words = {programPath("CONNECTOR_BIN"), "check", "--config=" + wanted}, .outputFile = ""});
    };
    const auto finished = check();
    BOOST_TEST(says(finished, earlier + ": ok"), shown(finished));
    BOOST_TEST(says(finished, "14 for mappings"), shown(finished));
    BOOST_TEST(says(finished, "rename it to .config"), shown(finished));
    BOOST_TEST(says(finished, "from this machine only"), shown(finished));
    folder.write("iofog-connector.config", readFile(earlier));
    const auto both = check();
    BOOST_TEST(says(both, wanted + ": ok"), shown(both));
    BOOST_TEST(says(both, earlier + ", the earlier Connector's, is there, too; it is not read"), shown(both));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
