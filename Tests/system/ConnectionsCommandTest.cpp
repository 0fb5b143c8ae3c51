#include "Commands.h"
#include "ConnectorProcess.h"
#include "PipeActions.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

/// A Connector that runs, as an operator finds it, with a relay.
struct Relayed {
    explicit Relayed(Mode mode) : setup(mode), connector(withOperator(setup)) {
        const auto added = jsonOf(setup, {"mapping", "add", "public"});
        id = added->getValue<std::string>("id");
        agent.emplace(connector.agent(added->getValue<std::uint16_t>("port1"),
                                      added->getValue<std::string>("passcode1")));
        visitor.emplace(connector.connect(added->getValue<std::uint16_t>("port2")));
        joined = areJoined(*visitor, *agent);
    }

    ConnectorSetup setup;
    ConnectorProcess connector;
    std::string id;
    std::optional<PipeClient> agent;
    std::optional<PipeClient> visitor;
    bool joined = false;
};

std::string addressOf(const PipeClient& client) {
    return "127.0.0.1:" + std::to_string(client.localPort());
}

} // namespace

BOOST_AUTO_TEST_SUITE(ConnectionCommands)

BOOST_DATA_TEST_CASE(ConnectionsAreListedAndEnded, kModes, mode) {
    Relayed running(mode);
    BOOST_REQUIRE(running.joined);
    const auto& setup = running.setup;
    const auto list = runCommand(setup, {"mapping", "connections", running.id});
    BOOST_TEST(list.exitCode == 0, shown(list));
    for (const auto& text : {std::string("WHO"), std::string("relay"), addressOf(*running.agent),
                             addressOf(*running.visitor), std::string(" B")})
        BOOST_TEST(says(list, text), shown(list));
    const auto visitors = jsonOf(setup, {"mapping", "connections", running.id})->getArray("visitors");
    BOOST_REQUIRE(visitors->size() == 1U);
    const auto number = visitors->getObject(0)->getValue<std::string>("n");
    const auto ended = runCommand(setup, {"mapping", "disconnect", running.id, number});
    BOOST_TEST(says(ended, "Connection " + number + " is ended."), shown(ended));
    BOOST_TEST(running.visitor->readToEnd() == "");
    const auto again = runCommand(setup, {"mapping", "disconnect", running.id, number});
    BOOST_TEST(hasFailed(again, kDataError, {"no connection " + number}), shown(again));
    const auto nobody = runCommand(setup, {"mapping", "connections", "nobody"});
    BOOST_TEST(hasFailed(nobody, kDataError, {"nobody"}), shown(nobody));
}

BOOST_AUTO_TEST_CASE(WrongWordsAreRefused) {
    const ConnectorSetup setup;
    BOOST_TEST(hasFailed(runCommand(setup, {"mapping", "disconnect", "x"}), kUsage,
                         {"mapping disconnect ID|NAME N"}));
    BOOST_TEST(
        hasFailed(runCommand(setup, {"mapping", "disconnect", "x", "y"}), kUsage, {"N=y", "whole number"}));
    BOOST_TEST(hasFailed(runCommand(setup, {"mapping", "connections"}), kUsage, {"mapping connections ID"}));
    BOOST_TEST(hasFailed(runCommand(setup, {"mapping", "set", "x", "--log-relays", "--no-log-relays"}),
                         kUsage, {"--no-log-relays"}));
    BOOST_TEST(hasFailed(runCommand(setup, {"events"}), kUnavailable, {"no Connector answers"}));
}

BOOST_AUTO_TEST_CASE(WhetherRelaysAreLoggedIsChanged) {
    const Relayed running(Mode::Plain);
    const auto change = [&](const std::string& option) {
        return jsonOf(running.setup, {"mapping", "set", running.id, option})->getValue<bool>("logrelays");
    };
    BOOST_TEST(change("--log-relays"));
    BOOST_TEST(!change("--no-log-relays"));
    BOOST_TEST(change("--log-relays"));
    BOOST_TEST(!change("--default=log-relays"));
    const auto show = runCommand(running.setup, {"mapping", "show", running.id});
    BOOST_TEST(says(show, "relays' ends are logged"), shown(show));
}

BOOST_DATA_TEST_CASE(EventsAreShown, kModes, mode) {
    ConnectorSetup setup(mode);
    ConnectorProcess connector(withOperator(setup));
    for (const bool asJson : {false, true}) {
        auto command = setup.command({"events"});
        if (asJson) command.words.push_back("--json");
        command.outputFile = setup.folder().path(asJson ? "events.json" : "events");
        ChildProcess events(command);
        const auto output = [&] { return readFile(command.outputFile); };
        std::string id;
        waitUntil("an event is shown", [&] {
            id = jsonOf(setup, {"mapping", "add", "public"})->getValue<std::string>("id");
            return output().find("mapping-opened") != std::string::npos;
        });
        waitUntil("the latest is shown", [&] { return output().find(id) != std::string::npos; });
        BOOST_TEST(output().find(asJson ? R"({"event":"mapping-opened","id":")" : " UTC mapping-opened ") !=
                   std::string::npos);
        events.stop(SIGTERM);
    }
}

BOOST_AUTO_TEST_CASE(EventsEndWithTheService) {
    ConnectorSetup setup;
    ConnectorProcess connector(setup);
    auto command = setup.command({"events"});
    command.outputFile = setup.folder().path("events");
    ChildProcess events(command);
    waitUntil("an event is shown", [&] {
        connector.api().remove(connector.api().addPublic().id);
        return readFile(command.outputFile).find("mapping-opened") != std::string::npos;
    });
    BOOST_TEST(connector.stop() == 0);
    BOOST_TEST(events.waitForExit() == kUnavailable);
}

BOOST_AUTO_TEST_CASE(EventsEndSilentlyWithTheirReader) {
    constexpr int kOutputFailed = 74; // EX_IOERR of sysexits.h
    ConnectorSetup setup;
    ConnectorProcess connector(setup);
    const auto said = setup.folder().path("said");
    // head(1) reads one event, and is gone before the next.
    auto command = setup.command({"events"});
    command.words.insert(command.words.begin(),
                         {"/bin/bash", "-c", R"("$@" 2>"$0" | head -n 1; exit "${PIPESTATUS[0]}")", said});
    command.outputFile = setup.folder().path("events");
    ChildProcess events(command);
    waitUntil("its reader has ended it", [&] {
        connector.api().remove(connector.api().addPublic().id);
        return !events.isRunning();
    });
    BOOST_TEST(events.waitForExit() == kOutputFailed);
    BOOST_TEST(readFile(said) == "");
    BOOST_TEST(readFile(command.outputFile).find(" UTC mapping-") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
