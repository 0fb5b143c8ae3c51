#include "Commands.h"
#include "ConnectorProcess.h"
#include "Terminal.h"
#include "TestTarget.h"

#include <Poco/JSON/Parser.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <future>

namespace connector::test {

namespace {

/// A Connector that runs, as an operator finds it.
struct Operated {
    explicit Operated(Mode mode) : setup(mode), connector(withOperator(setup)) {}

    ConnectorSetup setup;
    ConnectorProcess connector;
};

/// Runs a command on an API that is played by the test, and gives this answer.
Finished runAgainst(const std::string& answer, const std::vector<std::string>& words) {
    TestTarget other;
    ConnectorSetup setup;
    setup.set("api.port", other.port());
    auto command = std::async(std::launch::async, [&] { return runCommand(setup, words); });
    auto client = other.accept();
    client.readThrough("\r\n\r\n");
    client.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) + "\r\n\r\n" + answer);
    return command.get();
}

} // namespace

BOOST_AUTO_TEST_SUITE(MappingCommand)

BOOST_DATA_TEST_CASE(MappingsAreAddedListedShownAndRemoved, kModes, mode) {
    const Operated running(mode);
    const auto& setup = running.setup;
    const auto empty = runCommand(setup, {"mapping", "list"});
    BOOST_TEST(empty.exitCode == 0, shown(empty));
    BOOST_TEST(says(empty, "no mappings"), shown(empty));

    const auto added = jsonOf(setup, {"mapping", "add", "public"});
    const auto id = added->getValue<std::string>("id");
    const auto agent = running.connector.agent(added->getValue<std::uint16_t>("port1"),
                                               added->getValue<std::string>("passcode1"));

    const auto list = runCommand(setup, {"mapping", "list"});
    BOOST_TEST(says(list, "ID "), shown(list));
    BOOST_TEST(says(list, id + "  public"), shown(list));
    BOOST_TEST(jsonOf(setup, {"mapping", "list"})->getArray("mappings")->size() == 1U);

    const auto show = runCommand(setup, {"mapping", "show", id});
    BOOST_TEST(says(show, id), shown(show));
    const auto json = jsonOf(setup, {"mapping", "show", id});
    BOOST_TEST(json->getValue<int>("maxconnections") == 60);
    BOOST_TEST(json->getValue<int>("heartbeatabsencethreshold") == 200000);

    const auto removed = runCommand(setup, {"mapping", "remove", id});
    BOOST_TEST(removed.exitCode == 0, shown(removed));
    BOOST_TEST(jsonOf(setup, {"mapping", "list"})->getArray("mappings")->size() == 0U);
}

BOOST_AUTO_TEST_CASE(LimitsAreOptions) {
    const Operated running(Mode::Plain);
    const auto limitsOf = [&](std::vector<std::string> words, const std::vector<std::string>& keys) {
        words.insert(words.begin(), {"mapping", "add"});
        const auto id = jsonOf(running.setup, words)->getValue<std::string>("id");
        std::vector<int> values;
        for (const auto& key : keys)
            values.push_back(running.connector.api().show(id)->getValue<int>(key));
        return values;
    };
    const std::vector<std::string> sides{"maxconnectionsport1", "maxconnectionsport2",
                                         "heartbeatabsencethresholdport1", "heartbeatabsencethresholdport2"};
    BOOST_TEST(limitsOf({"public", "--max-connections=7", "--heartbeat-absence-threshold", "0"},
                        {"maxconnections", "heartbeatabsencethreshold"}) == (std::vector{7, 0}),
               boost::test_tools::per_element());
    BOOST_TEST(limitsOf({"private"}, sides) == (std::vector{1, 1, 200000, 200000}),
               boost::test_tools::per_element());
    BOOST_TEST(limitsOf({"private", "--max-connections=3", "--heartbeat-absence-threshold=5000"}, sides) ==
                   (std::vector{3, 3, 5000, 5000}),
               boost::test_tools::per_element());
    BOOST_TEST(limitsOf({"private", "--max-connections2=4", "--heartbeat-absence-threshold2=6000"}, sides) ==
                   (std::vector{1, 4, 200000, 6000}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(PasscodesAreShownOnceTheMappingIsOpen) {
    const Operated running(Mode::Plain);
    const auto added = runCommand(running.setup, {"mapping", "add", "private"});
    const auto first = running.connector.api().listAll().front();
    BOOST_TEST(says(added, first->getValue<std::string>("id")), shown(added));
    BOOST_TEST(says(added, "passcode of port1"), shown(added));
    BOOST_TEST(says(added, "passcode of port2"), shown(added));
}

BOOST_AUTO_TEST_CASE(WrongWordsAreNamed) {
    const ConnectorSetup setup;
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"mapping"}, "mapping list"},
        {{"mapping", "lst"}, "\"mapping lst\""},
        {{"mapping", "show"}, "mapping show ID"},
        {{"mapping", "list", "extra"}, "\"extra\""},
        {{"mapping", "add", "secret"}, "\"secret\""},
        {{"mapping", "add", "public", "--max-connections=0"}, "--max-connections=0"},
        {{"mapping", "add", "public", "--max-connections=10001"}, "10000"},
        {{"mapping", "add", "public", "--max-connections=1.5"}, "1.5"},
        {{"mapping", "add", "public", "--max-connections2=1"}, "--max-connections2"},
        {{"mapping", "add", "private", "--heartbeat-absence-threshold=-1"}, "-1"},
        {{"mapping", "list", "--colour"}, "colour"},
        {{"mapping", "add", "public", "--max-connections"}, "max-connections"},
    };
    for (const auto& [words, named] : cases) {
        const auto finished = runCommand(setup, words);
        BOOST_TEST(hasFailed(finished, kUsage, {named}), shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(UnknownMappingIsAnError) {
    const Operated running(Mode::Plain);
    for (const std::string what : {"show", "remove"}) {
        const auto finished = runCommand(running.setup, {"mapping", what, "no/such?mapping"});
        BOOST_TEST(hasFailed(finished, kDataError, {"no/such?mapping"}), shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(FailuresAreJsonToo) {
    const Operated running(Mode::Plain);
    const auto finished = runCommand(running.setup, {"mapping", "show", "nobody", "--json"});
    const auto json = Poco::JSON::Parser()
                          .parse(finished.output.substr(finished.output.find('{')))
                          .extract<Poco::JSON::Object::Ptr>();
    BOOST_TEST(json->getValue<std::string>("status") == "failed");
    BOOST_TEST(json->getValue<std::string>("errormessage").find("nobody") != std::string::npos);
}

BOOST_DATA_TEST_CASE(ConnectorThatIsNotThereIsNamed, kModes, mode) {
    ConnectorSetup setup(mode);
    const auto finished = runCommand(withOperator(setup), {"mapping", "list"});
    const auto address =
        (mode == Mode::Plain ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(setup.apiPort());
    BOOST_TEST(hasFailed(finished, kUnavailable, {address, setup.configFile()}), shown(finished));
}

BOOST_AUTO_TEST_CASE(CommandWithoutATokenIsRefused) {
    Operated running(Mode::Tls);
    running.setup.setJson("api.identities", R"([{"name":"elsewhere","network":"192.0.2.0/24"}])");
    const auto none = runCommand(running.setup, {"mapping", "list"});
    BOOST_TEST(hasFailed(none, kNoPermission, {"none with a token"}), shown(none));
    running.setup.setJson("api.identities", R"([{"name":"newcomer","token":"0123456789abcdef-new"}])");
    const auto unknown = runCommand(running.setup, {"mapping", "list"});
    BOOST_TEST(hasFailed(unknown, kNoPermission, {"newcomer"}), shown(unknown));
    BOOST_TEST(!says(unknown, "0123456789abcdef"), shown(unknown));
}

BOOST_AUTO_TEST_CASE(TokenGoesToNoOtherCertificate) {
    const Operated running(Mode::Tls);
    const auto other = CertificateAuthority::shared().issue(running.setup.folder(), "other");
    writeFile(running.setup.serverCertificate().certificateFile, readFile(other.certificateFile));
    const auto finished = runCommand(running.setup, {"mapping", "list"});
    BOOST_TEST(hasFailed(finished, kProtocol, {"another certificate"}), shown(finished));
}

BOOST_AUTO_TEST_CASE(SomethingElseBehindThePortIsNoConnector) {
    const auto finished = runAgainst("hello", {"mapping", "list"});
    BOOST_TEST(hasFailed(finished, kProtocol, {"is no Connector"}), shown(finished));
}

BOOST_AUTO_TEST_CASE(WhatAnAnswerLacksIsNamed) {
    struct Case {
        std::string answer;
        std::vector<std::string> words;
        std::string named;
    };
    const std::vector<Case> cases{
        {"{}", {"mapping", "list"}, R"(no "mappings")"},
        {R"({"mappings":1})", {"mapping", "list"}, R"("mappings" is of another type)"},
        {R"({"mappings":[1]})", {"mapping", "list", "--json"}, "a mapping is no object"},
        {R"({"mappings":[{"id":"1"}]})", {"mapping", "list"}, R"(no "type")"},
        {R"({"mappings":[],"next":1})", {"mapping", "list"}, R"("next" is of another type)"},
        {R"({"id":"1","type":"public","port1":"x"})", {"mapping", "show", "1"}, R"("port1" is of another)"},
        {R"({"id":"1"})", {"mapping", "add", "public"}, R"(no "port1")"},
        {"{}", {"mapping", "remove", "1"}, R"(no "id")"},
        {R"({"status":"running"})", {"status"}, R"(no "version")"},
    };
    for (const auto& [answer, words, named] : cases) {
        const auto finished = runAgainst(answer, words);
        BOOST_TEST(hasFailed(finished, kProtocol, {"no Connector of this version", named, "restart"}),
                   shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(TableFitsTheTerminal) {
    const Operated running(Mode::Plain);
    const auto id = running.connector.api().addPublic().id;
    const auto listOn = [&](unsigned short columns) {
        const Terminal terminal(columns);
        auto command = running.setup.command({"mapping", "list"});
        command.outputFile = terminal.name();
        command.environment["COLUMNS"] = "";
        BOOST_TEST(ChildProcess(command).waitForExit() == 0);
        return terminal.read();
    };
    BOOST_TEST(listOn(80).find(id) != std::string::npos);
    const auto narrow = listOn(60);
    BOOST_TEST(narrow.find(id) == std::string::npos, narrow);
    BOOST_TEST(narrow.find(id.substr(0, 8)) != std::string::npos, narrow);
    BOOST_TEST(narrow.find("\u2026") != std::string::npos, narrow);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
