#include "AgentProcess.h"
#include "Commands.h"
#include "ConnectorProcess.h"
#include "TestTarget.h"

#include <Poco/JSON/Array.h>
#include <Poco/Timestamp.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

/// One entry of the earlier Connector's configs.json.
std::string entry(const std::string& id, int port1, int port2, const std::string& passcode1,
                  const std::string& passcode2 = "") {
    Poco::JSON::Object object;
    object.set("id", id);
    object.set("port1", port1);
    object.set("port2", port2);
    object.set("maxconnectionsport1", 60);
    object.set("maxconnectionsport2", 60);
    object.set("passcodeport1", passcode1);
    object.set("passcodeport2", passcode2);
    object.set("heartbeatabsencethresholdport1", 60000);
    object.set("heartbeatabsencethresholdport2", 0);
    std::ostringstream out;
    object.stringify(out);
    return out.str();
}

/// Writes a configs.json of these entries and imports it.
Finished import(const ConnectorSetup& setup, const std::vector<std::string>& entries) {
    std::string list;
    for (const auto& one : entries)
        list += (list.empty() ? "" : ",") + one;
    const auto file = setup.folder().write("configs.json", R"({"mappings":[)" + list + "]}");
    return runCommand(setup, {"import", file});
}

const std::vector<std::string> kPasscodes{"x",
                                          "9zpVYBqYW3p7vNPq4fxHpbFx3BZNYYy7",
                                          "two words, and a \"quote\"",
                                          "p\u00e4sscode \u2603",
                                          "PIPE/2",
                                          "PIPE/2 x",
                                          "BEAT",
                                          "line\nbreak\r\n",
                                          std::string(1000, 'L')};

} // namespace

BOOST_AUTO_TEST_SUITE(ImportCommand)

BOOST_DATA_TEST_CASE(ImportedMappingsAreServed, kModes, mode) {
    ConnectorSetup setup(mode);
    withOperator(setup);
    const int port = setup.firstMappingPort();
    std::vector<std::string> entries;
    for (std::size_t i = 0; i < kPasscodes.size(); ++i)
        entries.push_back(entry(std::to_string(i), port + static_cast<int>(2 * i),
                                port + static_cast<int>(2 * i) + 1, kPasscodes[i]));
    const auto before = Poco::Timestamp().epochMicroseconds() / 1000;
    const auto finished = import(setup, entries);
    BOOST_TEST(finished.exitCode == 0, shown(finished));

    const ConnectorProcess connector(setup);
    for (std::size_t i = 0; i < kPasscodes.size(); ++i) {
        const auto port1 = static_cast<std::uint16_t>(port + static_cast<int>(2 * i));
        auto agent = connector.agent(port1, kPasscodes[i]);
        auto visitor = connector.connect(static_cast<std::uint16_t>(port1 + 1));
        visitor.send("hello");
        BOOST_TEST(agent.readExactly(5) == "hello", "passcode " << i);
    }
    const auto shown = jsonOf(setup, {"mapping", "show", "0"});
    BOOST_TEST(shown->getValue<int>("maxconnections") == 60);
    BOOST_TEST(shown->getValue<int>("heartbeatabsencethreshold") == 60000);
    BOOST_TEST(shown->getValue<int>("port2") == port + 1);
    BOOST_TEST(shown->getValue<bool>("visitortls"));
    BOOST_TEST(shown->getArray("alpn")->size() == 0U);
    BOOST_TEST(shown->getValue<Poco::Int64>("created") >= before, "opened when it was imported");
}

BOOST_AUTO_TEST_CASE(PortsStayAsTheyAreWhereThereIsAFront) {
    ConnectorSetup setup(Mode::Tls, 20);
    const auto port = setup.firstMappingPort();
    addFront(setup, static_cast<std::uint16_t>(port + 20));
    std::string portless;
    {
        ConnectorProcess connector(setup);
        portless = connector.api().add(publicMappingWith(R"("ports":false,"name":"web")")).id;
        connector.stop();
    }
    BOOST_TEST(import(setup, {entry("1", port, port + 1, "any-string")}).exitCode == 0);
    const ConnectorProcess connector(setup);
    const auto shown = connector.api().show("1");
    BOOST_TEST(shown->getValue<bool>("ports"));
    BOOST_TEST(shown->getValue<int>("port1") == port);
    BOOST_TEST(shown->getValue<int>("port2") == port + 1);
    BOOST_TEST(shown->getValue<std::string>("name") == "");
    BOOST_TEST(connector.isAuthorized(port, "any-string"));
    BOOST_TEST(connector.api().show(portless)->getValue<std::string>("name") == "web");
}

BOOST_AUTO_TEST_CASE(AgentProgramOfAnImportedMappingWorks) {
    const ConnectorSetup setup;
    const auto port = setup.firstMappingPort();
    BOOST_TEST(import(setup, {entry("1", port, port + 1, "any-string")}).exitCode == 0);
    const ConnectorProcess connector(setup);
    TestTarget target;
    const AgentProcess agent({.port = port, .passcode = "any-string", .localPort = target.port()});
    connector.api().waitForCount("1", "agentswaiting", 1);
    auto visitor = connector.connect(static_cast<std::uint16_t>(port + 1));
    visitor.send("hello");
    BOOST_TEST(target.accept().readExactly(5) == "hello");
}

BOOST_AUTO_TEST_CASE(PrivateMappingKeepsBothPasscodes) {
    const ConnectorSetup setup;
    const auto port = setup.firstMappingPort();
    BOOST_TEST(import(setup, {entry("p", port, port + 1, "one", "two")}).exitCode == 0);
    const ConnectorProcess connector(setup);
    auto first = connector.agent(port, "one");
    auto second = connector.agent(static_cast<std::uint16_t>(port + 1), "two");
    first.send("hello");
    BOOST_TEST(second.readExactly(5) == "hello");
    BOOST_TEST(jsonOf(setup, {"mapping", "show", "p"})->getValue<int>("heartbeatabsencethresholdport2") == 0);
}

BOOST_AUTO_TEST_CASE(ImportingTwiceSkipsWhatIsThere) {
    const ConnectorSetup setup;
    const auto port = setup.firstMappingPort();
    const auto first = entry("1", port, port + 1, "one");
    import(setup, {first});
    const auto finished = import(setup, {first, entry("2", port + 2, port + 3, "two")});
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    BOOST_TEST(says(finished, "1 mappings were imported"), shown(finished));
    BOOST_TEST(says(finished, "Skipped mapping 1: it is already there"), shown(finished));
    const ConnectorProcess connector(setup);
    BOOST_TEST(connector.api().listIds() == (std::set<std::string>{"1", "2"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(DirectConnectionsAreSkipped) {
    const ConnectorSetup setup;
    const auto finished = import(setup, {entry("direct", 0, 0, "pass")});
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    BOOST_TEST(says(finished, "Skipped mapping direct: it is a direct connection"), shown(finished));
}

BOOST_AUTO_TEST_CASE(ConflictsAreNamedAndNothingIsImported) {
    const ConnectorSetup setup;
    const int port = setup.firstMappingPort();
    import(setup, {entry("1", port, port + 1, "one")});
    const auto finished =
        import(setup, {entry("fine", port + 10, port + 11, "two"), entry("1", port + 2, port + 3, "other"),
                       entry("3", port + 1, port + 4, "three"), entry("4", port + 10, port + 5, "four"),
                       entry("5", setup.apiPort(), port + 6, "five")});
    BOOST_TEST(
        hasFailed(finished, kDataError,
                  {"nothing was imported", "mapping 1: there is another one with this id",
                   "mapping 3: port " + std::to_string(port + 1) + " is mapping 1's",
                   "mapping 4: port " + std::to_string(port + 10) + " is mapping fine's",
                   "mapping 5: port " + std::to_string(setup.apiPort()) + " is the server's own (api.port)"}),
        shown(finished));
    const ConnectorProcess connector(setup);
    BOOST_TEST(connector.api().listIds() == (std::set<std::string>{"1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(WhatTheFrontHasIsAConflict) {
    ConnectorSetup setup(Mode::Tls, 20);
    const auto port = setup.firstMappingPort();
    const auto front = static_cast<std::uint16_t>(port + 20);
    addFront(setup, front).set("front.http-port", front + 1);
    std::string named;
    {
        ConnectorProcess connector(setup);
        named = connector.api().add(publicMappingWith(R"("ports":false,"name":"web")")).id;
        connector.stop();
    }
    const auto finished =
        import(setup, {entry("1", front, front + 1, "one"), entry("web", port, port + 1, "two"),
                       entry("api", port + 2, port + 3, "three")});
    BOOST_TEST(
        hasFailed(finished, kDataError,
                  {"mapping 1: port " + std::to_string(front) + " is the server's own (front.port)",
                   "mapping 1: port " + std::to_string(front + 1) + " is the server's own (front.http-port)",
                   "mapping web: its id is the name of mapping " + named,
                   "mapping api: its id is a reserved name (front.reserved)"}),
        shown(finished));
}

BOOST_AUTO_TEST_CASE(ReservedIdFromBeforeThereWasAFrontIsReachedByItsPort) {
    ConnectorSetup setup(Mode::Tls, 20);
    const auto port = setup.firstMappingPort();
    BOOST_TEST(import(setup, {entry("www", port, port + 1, "one")}).exitCode == 0);
    addFront(setup, static_cast<std::uint16_t>(port + 20));
    const ConnectorProcess connector(setup);
    const auto url = connector.api().show("www")->getValue<std::string>("url");
    BOOST_TEST(url.ends_with(":" + std::to_string(port + 1)), url);
}

BOOST_AUTO_TEST_CASE(ConflictsMakeNoDatabase) {
    const ConnectorSetup setup;
    const auto finished = import(setup, {entry("1", setup.apiPort(), setup.firstMappingPort(), "one")});
    BOOST_TEST(hasFailed(finished, kDataError, {"nothing was imported"}), shown(finished));
    BOOST_CHECK_THROW(readFile(setup.databaseFile()), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(PortsOutsideTheConfiguredOnesAreServed) {
    ConnectorSetup setup;
    const auto port = setup.firstMappingPort();
    setup.setJson("ports", "[\"" + std::to_string(port + 10) + "-" + std::to_string(port + 20) + "\"]");
    const auto finished = import(setup, {entry("1", port, port + 1, "one")});
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    BOOST_TEST(says(finished, std::to_string(port) + ", " + std::to_string(port + 1)), shown(finished));
    BOOST_TEST(says(finished, "served all the same"), shown(finished));
    const ConnectorProcess connector(setup);
    const auto agent = connector.agent(port, "one");
}

BOOST_AUTO_TEST_CASE(WrongFilesAreRefusedWithoutATrace) {
    const ConnectorSetup setup;
    const std::string good = entry("1", 1, 2, "secret-passcode");
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "JSON"},
        {"{}", "mappings: missing"},
        {R"({"mappings":{}})", "mappings"},
        {R"({"mappings":[1]})", "array of objects"},
        {R"({"mappings":[{}]})", "mappings[0].id: missing"},
        {R"({"mappings":[)" + entry("", 1, 2, "x") + "]}", "mappings[0].id"},
        {R"({"mappings":[)" + good + "," + entry("2", 3, 3, "x") + "]}", "mappings[1].port2"},
        {R"({"mappings":[)" + entry("2", 3, 65536, "x") + "]}", "65536"},
        {R"({"mappings":[)" + entry("2", 3, 4, "") + "]}", "mappings[0].passcodeport1"},
        {R"({"mappings":[{"id":"1","port1":"6000"}]})", "\"6000\""},
    };
    for (const auto& [text, named] : cases) {
        const auto file = setup.folder().write("configs.json", text);
        const auto finished = runCommand(setup, {"import", file});
        BOOST_TEST((finished.exitCode == kDataError && says(finished, file)), shown(finished));
        BOOST_TEST((named == "JSON" || says(finished, named)), named << " in " << shown(finished));
        BOOST_TEST(!says(finished, "secret-passcode"), shown(finished));
    }
    BOOST_CHECK_THROW(readFile(setup.databaseFile()), std::runtime_error);
    const auto missing = runCommand(setup, {"import", "/nonexistent/configs.json"});
    BOOST_TEST(hasFailed(missing, kNoInput, {"/nonexistent/configs.json"}), shown(missing));
}

BOOST_AUTO_TEST_CASE(RunningServiceMustBeStoppedFirst) {
    const ConnectorSetup setup;
    const auto port = setup.firstMappingPort();
    {
        const ConnectorProcess connector(setup);
        const auto finished = import(setup, {entry("1", port, port + 1, "one")});
        BOOST_TEST(hasFailed(finished, kTryAgain, {setup.databaseFile(), "stop it first"}), shown(finished));
    }
    BOOST_TEST(import(setup, {entry("1", port, port + 1, "one")}).exitCode == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
