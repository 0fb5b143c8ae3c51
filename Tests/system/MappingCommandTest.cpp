#include "Commands.h"
#include "ConnectorProcess.h"
#include "Terminal.h"
#include "TestTarget.h"

#include <Poco/Data/Session.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Timestamp.h>

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

/// Makes mappings as old as this, in the database of a Connector that does not run.
void makeOld(const ConnectorSetup& setup, const std::vector<std::string>& ids, std::chrono::hours age,
             const std::string& column = "created") {
    using namespace Poco::Data::Keywords;
    Poco::Data::Session session("SQLite", setup.databaseFile());
    auto moment = Poco::Timestamp().epochMicroseconds() / 1000 - std::chrono::milliseconds(age).count();
    for (auto id : ids)
        session << "UPDATE mapping SET " + column + " = ? WHERE id = ?", use(moment), use(id),
            Poco::Data::Keywords::now;
}

/// A Connector with mappings that have been unused for 8 days, and others.
struct Forgotten {
    Forgotten() {
        ConnectorProcess connector(setup);
        for (int number = 0; number < 3; ++number)
            forgotten.push_back(connector.api().addPublic());
        forgotten.push_back(connector.api().addPrivate());
        used = connector.api().addPublic();
        fresh = connector.api().addPublic();
        connector.stop();
        for (const auto& mapping : forgotten)
            makeOld(setup, {mapping.id}, std::chrono::hours(8 * 24));
        makeOld(setup, {used.id}, std::chrono::hours(8 * 24));
        makeOld(setup, {used.id}, std::chrono::hours(6 * 24), "lastvisitor");
    }

    ConnectorSetup setup;
    std::vector<AddedMapping> forgotten;
    AddedMapping used;  ///< opened 8 days ago, and visited 6 days ago
    AddedMapping fresh; ///< just opened
};

std::set<std::string> idsIn(const Poco::JSON::Array& list) {
    std::set<std::string> ids;
    for (const auto& one : list)
        ids.insert(one.isString() ? one.toString()
                                  : one.extract<Poco::JSON::Object::Ptr>()->getValue<std::string>("id"));
    return ids;
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

BOOST_AUTO_TEST_CASE(SettingsOfVisitorsAreOptions) {
    Operated running(Mode::Plain);
    const auto& setup = running.setup;
    const auto added =
        jsonOf(setup, {"mapping", "add", "public", "--alpn=h2,http/1.1"})->getValue<std::string>("id");
    const auto show = runCommand(setup, {"mapping", "show", added});
    BOOST_TEST(says(show, "h2, http/1.1"), shown(show));
    const auto plain =
        jsonOf(setup, {"mapping", "add", "public", "--no-visitor-tls"})->getValue<std::string>("id");
    BOOST_TEST(!running.connector.api().show(plain)->getValue<bool>("visitortls"));

    const auto set = runCommand(setup, {"mapping", "set", plain, "--visitor-tls", "--alpn", "postgresql"});
    BOOST_TEST(set.exitCode == 0, shown(set));
    BOOST_TEST(says(set, "postgresql"), shown(set));
    BOOST_TEST(running.connector.api().show(plain)->getValue<bool>("visitortls"));
    const auto taken = jsonOf(setup, {"mapping", "set", plain, "--no-alpn", "--no-visitor-tls"});
    BOOST_TEST(taken->getArray("alpn")->size() == 0U);
    BOOST_TEST(!taken->getValue<bool>("visitortls"));
}

BOOST_AUTO_TEST_CASE(LabelsPortsAndTrafficAreOptions) {
    Operated running(Mode::Plain);
    const auto& setup = running.setup;
    const auto& api = running.connector.api();
    const auto first = std::to_string(setup.firstMappingPort() + 50);
    const auto moved = std::to_string(setup.firstMappingPort() + 51);
    const auto added =
        jsonOf(setup, {"mapping", "add", "public", "--label=K\u00e4se", "--port1", first,
                       "--visitors-per-address=3", "--visitor-rate=4", "--allow=127.0.0.0/8, 2001:db8::/32",
                       "--deny=192.0.2.0/24", "--relay-idle=10m", "--bandwidth=2048"});
    const auto id = added->getValue<std::string>("id");
    BOOST_TEST(added->getValue<std::string>("port1") == first);
    const auto show = runCommand(setup, {"mapping", "show", id});
    for (const std::string text :
         {"K\u00e4se", "127.0.0.0/8, 2001:db8::/32", "192.0.2.0/24", "600000", "2048"})
        BOOST_TEST(says(show, text), shown(show));
    BOOST_TEST(api.show(id)->getValue<int>("visitorsperaddress") == 3);
    BOOST_TEST(api.show(id)->getValue<int>("visitorrate") == 4);

    const auto set = runCommand(setup, {"mapping", "set", id, "--label=web", "--port2", moved,
                                        "--allow=", "--relay-idle=0", "--default=bandwidth,visitor-rate"});
    BOOST_TEST(set.exitCode == 0, shown(set));
    for (const std::string text : {"web", moved.c_str(), "anywhere", "for ever", "any number"})
        BOOST_TEST(says(set, text), shown(set));
    const auto back = jsonOf(setup, {"mapping", "set", id, "--no-label", "--default",
                                     "visitors-per-address,allow,deny,relay-idle"});
    BOOST_TEST(back->getValue<std::string>("label") == "");
    BOOST_TEST(back->getValue<int>("visitorsperaddress") == 0);
    BOOST_TEST(back->getArray("deny")->size() == 0U);
    const auto taken = runCommand(setup, {"mapping", "add", "private", "--port2", first, "--bandwidth=0"});
    BOOST_TEST(hasFailed(taken, kDataError, {first + " is taken by mapping " + id}), shown(taken));
}

BOOST_AUTO_TEST_CASE(LabelsAreListedWhenThereAreAny) {
    const Operated running(Mode::Plain);
    const auto& setup = running.setup;
    running.connector.api().addPublic();
    const auto without = runCommand(setup, {"mapping", "list"});
    BOOST_TEST(!says(without, "LABEL"), shown(without));
    running.connector.api().add(publicMappingWith(R"("label":"K\u00e4se")"));
    const auto with = runCommand(setup, {"mapping", "list"});
    BOOST_TEST(says(with, "  LABEL\n"), shown(with));
    BOOST_TEST(says(with, "  open   K\u00e4se\n"), shown(with));
}

BOOST_DATA_TEST_CASE(PasscodeIsChanged, kModes, mode) {
    const Operated running(mode);
    const auto& setup = running.setup;
    const auto opened = jsonOf(setup, {"mapping", "add", "public"});
    const auto id = opened->getValue<std::string>("id");
    const auto port = opened->getValue<std::uint16_t>("port1");
    const auto overlapping = runCommand(setup, {"mapping", "passcode", id, "--overlap=90s"});
    BOOST_TEST(overlapping.exitCode == 0, shown(overlapping));
    BOOST_TEST(says(overlapping, "passcode of port1"), shown(overlapping));
    BOOST_TEST(says(overlapping, "good for 1 min 30 s more"), shown(overlapping));
    const auto former = running.connector.agent(port, opened->getValue<std::string>("passcode1"));
    const auto changed = jsonOf(setup, {"mapping", "passcode", id});
    const auto agent = running.connector.agent(port, changed->getValue<std::string>("passcode1"));

    const auto closed = jsonOf(setup, {"mapping", "add", "private"})->getValue<std::string>("id");
    const auto side = runCommand(setup, {"mapping", "passcode", closed, "--side=port2"});
    BOOST_TEST(says(side, "passcode of port2"), shown(side));
    BOOST_TEST(says(side, "not good any more"), shown(side));
    const auto none = runCommand(setup, {"mapping", "passcode", closed});
    BOOST_TEST(hasFailed(none, kDataError, {"side: missing"}), shown(none));
}

BOOST_AUTO_TEST_CASE(UnfitSettingsAreNamed) {
    const Operated running(Mode::Tls);
    const auto& setup = running.setup;
    const auto plain = runCommand(setup, {"mapping", "add", "public", "--no-visitor-tls"});
    BOOST_TEST(hasFailed(plain, kDataError, {"pipes.allow-plain-visitors"}), shown(plain));
    const auto wrong = runCommand(setup, {"mapping", "add", "public", "--alpn=h2,h2"});
    BOOST_TEST(hasFailed(wrong, kDataError, {"alpn"}), shown(wrong));
    const auto nobody = runCommand(setup, {"mapping", "set", "nobody", "--no-alpn"});
    BOOST_TEST(hasFailed(nobody, kDataError, {"nobody"}), shown(nobody));
}

BOOST_AUTO_TEST_CASE(UnusedMappingsAreListed) {
    const Forgotten folder;
    const ConnectorProcess connector(folder.setup);
    const auto list = runCommand(folder.setup, {"mapping", "list", "--unused", "7d"});
    BOOST_TEST(says(list, "UNUSED FOR"), shown(list));
    BOOST_TEST(says(list, "8 d"), shown(list));
    const auto json = jsonOf(folder.setup, {"mapping", "list", "--unused=1w"});
    BOOST_TEST((idsIn(*json->getArray("mappings")) == idsOf(folder.forgotten)));
    BOOST_TEST(jsonOf(folder.setup, {"mapping", "list", "--unused=5d"})->getArray("mappings")->size() == 5U);
    const auto none = runCommand(folder.setup, {"mapping", "list", "--unused=9d"});
    BOOST_TEST(says(none, "No mapping"), shown(none));
}

BOOST_AUTO_TEST_CASE(MappingInUseIsNeverUnused) {
    const Forgotten folder;
    const ConnectorProcess connector(folder.setup);
    const auto& mapping = folder.forgotten.front();
    const auto agent = connector.agent(mapping.port1, mapping.passcode1);
    connector.api().waitForCount(mapping.id, "agentswaiting", 1);
    const auto json = jsonOf(folder.setup, {"mapping", "list", "--unused=7d"});
    BOOST_TEST(!idsIn(*json->getArray("mappings")).contains(mapping.id));
    const auto removed = jsonOf(folder.setup, {"mapping", "remove", "--unused=7d", "--yes"});
    BOOST_TEST(removed->getArray("removed")->size() == 3U);
    BOOST_TEST((connector.api().listIds() == idsOf({mapping, folder.used, folder.fresh})));
}

BOOST_AUTO_TEST_CASE(UnusedMappingsAreRemovedAfterAQuestion) {
    const Forgotten folder;
    const ConnectorProcess connector(folder.setup);
    const auto& late = folder.forgotten.front();
    const auto removeOn = [&](const Terminal& terminal) {
        auto command = folder.setup.command({"mapping", "remove", "--unused=7d"});
        command.outputFile = command.inputFile = terminal.name();
        return command;
    };
    {
        const Terminal terminal(100);
        ChildProcess refused(removeOn(terminal));
        BOOST_TEST(terminal.readThrough("Remove these 4 mappings").find(late.id) != std::string::npos);
        terminal.type("\n");
        BOOST_TEST(refused.waitForExit() == 0);
        BOOST_TEST(terminal.read().find("Nothing was removed") != std::string::npos);
    }
    BOOST_TEST(connector.api().listIds().size() == 6U);

    const Terminal terminal(100);
    ChildProcess removing(removeOn(terminal));
    terminal.readThrough("Remove these 4 mappings");
    // While the operator thinks, somebody comes back, and somebody else removes one.
    const auto agent = connector.agent(late.port1, late.passcode1);
    connector.api().waitForCount(late.id, "agentswaiting", 1);
    connector.api().remove(folder.forgotten.back().id);
    terminal.type("yes\n");
    BOOST_TEST(removing.waitForExit() == 0);
    const auto told = terminal.read();
    BOOST_TEST(told.find("2 mappings are removed") != std::string::npos, told);
    BOOST_TEST(told.find("Mapping " + late.id + " was used") != std::string::npos, told);
    BOOST_TEST((connector.api().listIds() == idsOf({late, folder.used, folder.fresh})));
}

BOOST_AUTO_TEST_CASE(NothingIsRemovedWithoutAQuestionOrYes) {
    const Forgotten folder;
    const ConnectorProcess connector(folder.setup);
    auto command = folder.setup.command({"mapping", "remove", "--unused=7d"});
    command.inputFile = "/dev/null";
    const auto finished = run(command);
    BOOST_TEST(hasFailed(finished, kUsage, {"--yes"}), shown(finished));
    BOOST_TEST(connector.api().listIds().size() == 6U);
    const auto done = runCommand(folder.setup, {"mapping", "remove", "--unused=7d", "--yes"});
    BOOST_TEST(done.exitCode == 0, shown(done));
    BOOST_TEST((connector.api().listIds() == idsOf({folder.used, folder.fresh})));
    const auto json = jsonOf(folder.setup, {"mapping", "remove", "--unused=7d", "--yes"});
    BOOST_TEST(json->getArray("removed")->size() == 0U);
    BOOST_TEST(json->getValue<std::string>("status") == "ok");
}

BOOST_AUTO_TEST_CASE(PasscodesAreShownOnceTheMappingIsOpen) {
    const Operated running(Mode::Plain);
    const auto added = runCommand(running.setup, {"mapping", "add", "private"});
    const auto first = running.connector.api().listAll().front();
    BOOST_TEST(says(added, first->getValue<std::string>("id")), shown(added));
    BOOST_TEST(says(added, "passcode of port1"), shown(added));
    BOOST_TEST(says(added, "passcode of port2"), shown(added));
    BOOST_TEST(!says(added, "Visitors use"), shown(added));
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
        {{"mapping", "list", "--unused=7"}, "--unused=7"},
        {{"mapping", "list", "--unused=0d"}, "--unused=0d"},
        {{"mapping", "remove"}, "--unused"},
        {{"mapping", "remove", "1", "--unused=7d"}, "not both"},
        {{"mapping", "remove", "1", "--yes"}, "--yes"},
        {{"mapping", "remove", "--unused=7d", "--json"}, "--yes"},
        {{"mapping", "remove", "--unused=x", "--yes"}, "--unused=x"},
        {{"mapping", "set"}, "mapping set ID"},
        {{"mapping", "set", "1"}, "no option"},
        {{"mapping", "set", "1", "--alpn=h2", "--no-alpn"}, "--no-alpn"},
        {{"mapping", "set", "1", "--visitor-tls", "--no-visitor-tls"}, "--no-visitor-tls"},
        {{"mapping", "add", "private", "--alpn=h2"}, "public"},
        {{"mapping", "add", "private", "--no-visitor-tls"}, "public"},
        {{"mapping", "add", "private", "--visitor-rate=1"}, "--visitor-rate is for public"},
        {{"mapping", "add", "private", "--visitors-per-address=1"}, "--visitors-per-address is for public"},
        {{"mapping", "add", "private", "--allow=127.0.0.0/8"}, "--allow is for public"},
        {{"mapping", "add", "private", "--deny="}, "--deny is for public"},
        {{"mapping", "add", "public", "--port1=0"}, "--port1=0"},
        {{"mapping", "add", "public", "--visitor-rate=1000001"}, "1000000"},
        {{"mapping", "add", "public", "--relay-idle=1x"}, "--relay-idle=1x"},
        {{"mapping", "add", "public", "--default=allow"}, "--default"},
        {{"mapping", "set", "1", "--label=x", "--no-label"}, "--no-label"},
        {{"mapping", "set", "1", "--default=label"}, "visitors-per-address, visitor-rate, allow, deny"},
        {{"mapping", "set", "1", "--default="}, "no option"},
        {{"mapping", "set", "1", "--allow=", "--default=allow"}, "contradict"},
        {{"mapping", "passcode"}, "mapping passcode ID"},
        {{"mapping", "passcode", "1", "--side=both"}, "port1 or port2"},
        {{"mapping", "passcode", "1", "--overlap=25d"}, "2147483647"},
        {{"mapping", "passcode", "1", "--overlap=10"}, "units ms, s, m, h, d and w"},
        {{"mapping", "add", "public", "--name=Web"}, "--name=Web is not allowed; it must be 1 to 63"},
        {{"mapping", "add", "public", "--max-connections"}, "max-connections"},
        {{"mapping", "add", "--max-connections=", "public"}, "--max-connections= is not allowed"},
        {{"mapping", "add", "public", "--alpn=h2", "--alpn=x"}, "--alpn can be given only once"},
        {{"mapping", "list", "--json=1"}, "--json takes no value"},
        {{"help", "mapping", "lst"}, "\"mapping lst\""},
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
        BOOST_TEST(hasFailed(finished, kDataError, {"no mapping has the id or name no/such?mapping"}),
                   shown(finished));
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
    const std::string kNoName = "A"; // so it can only be an id
    const std::vector<Case> cases{
        {"{}", {"mapping", "list"}, R"(no "mappings")"},
        {R"({"mappings":1})", {"mapping", "list"}, R"("mappings" is of another type)"},
        {R"({"mappings":[1]})", {"mapping", "list", "--json"}, "a mapping is no object"},
        {R"({"mappings":[{"id":"1"}]})", {"mapping", "list"}, R"(no "type")"},
        {R"({"mappings":[],"next":1})", {"mapping", "list"}, R"("next" is of another type)"},
        {R"({"id":"1","type":"public","port1":"x"})",
         {"mapping", "show", kNoName},
         R"("port1" is of another)"},
        {R"({"id":"1"})", {"mapping", "add", "public"}, R"(no "port1")"},
        {"{}", {"mapping", "remove", kNoName}, R"(no "id")"},
        {R"({"id":"1"})", {"mapping", "passcode", kNoName}, R"(no "overlap")"},
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
