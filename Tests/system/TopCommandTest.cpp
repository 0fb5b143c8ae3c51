#include "Commands.h"
#include "ConnectorProcess.h"
#include "TerminalScreen.h"

#include <Poco/JSON/Array.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

namespace connector::test {

namespace {

const std::string kEnter = "\r";
const std::string kEscape = "\x1b";
const std::string kCtrlC = "\x03";
const std::string kCtrlZ = "\x1a";

std::string shortId(const AddedMapping& mapping) {
    return mapping.id.substr(0, 8);
}

/// A Connector with three mappings, the second with an agent, the third private.
struct Served {
    explicit Served(Mode mode = Mode::Plain) : setup(mode), connector(withOperator(setup)) {
        api.setToken(kOperatorToken);
        for (const auto* label : {"till 1", "k\u00e4se\u202e till 2"})
            mappings.push_back(api.add(publicMappingWith("\"label\":\"" + std::string(label) + "\"")));
        mappings.push_back(api.addPrivate());
        agent.emplace(connector.agent(mappings[1].port1, mappings[1].passcode1));
        api.waitForCount(mappings[1].id, "agentswaiting", 1);
    }

    /// `top` that looks every second.
    ChildProcess::Command top(std::vector<std::string> options = {}) const {
        options.insert(options.begin(), {"top", "--interval=1"});
        return setup.command(options);
    }

    ConnectorSetup setup;
    ConnectorProcess connector;
    ApiClient api = connector.api();
    std::vector<AddedMapping> mappings;
    std::optional<PipeClient> agent;
};

/// `top` as it runs at a terminal.
struct Watched {
    explicit Watched(const ChildProcess::Command& command, unsigned short columns = 120,
                     unsigned short lines = 24)
        : screen(columns, lines), top(screen.at(command)) {
        screen.waitFor("q quit");
    }

    TerminalScreen screen;
    ChildProcess top;
};

/// Whether these are its members, and no others. names: with a space between them.
bool hasMembers(const Poco::JSON::Object& object, const std::string& names) {
    std::istringstream words(names);
    const std::set<std::string> wanted{std::istream_iterator<std::string>(words), {}};
    const auto found = object.getNames();
    return wanted == std::set<std::string>(found.begin(), found.end());
}

/// A shell at a terminal that runs the script, in which "$@" is the command.
ChildProcess::Command inShell(const std::string& script, ChildProcess::Command command) {
    std::vector<std::string> words{"/bin/sh", "-mc", script, "sh"};
    words.insert(words.end(), command.words.begin(), command.words.end());
    command.words = words;
    return command;
}

} // namespace

BOOST_AUTO_TEST_SUITE(TopCommand)

BOOST_DATA_TEST_CASE(ItShowsServerAndMappings, kModes, mode) {
    const Served served(mode);
    Watched watched(served.top());
    const auto seen = watched.screen.waitFor("refused");
    for (const auto& mapping : served.mappings) {
        BOOST_TEST(seen.find(shortId(mapping)) != std::string::npos, seen);
        BOOST_TEST(seen.find(" " + std::to_string(mapping.port2) + " ") != std::string::npos, seen);
    }
    for (const std::string part : {"running, up", "mappings 3", "degraded 0", "agents 1 waiting", "relays 0",
                                   "descriptors", "database ok", "till 1", "0+0", "private"})
        BOOST_TEST(seen.find(part) != std::string::npos, part << " in\n" << seen);
    watched.screen.type("q");
    BOOST_TEST(watched.top.waitForExit() == 0);
}

BOOST_AUTO_TEST_CASE(TextFromTheServerControlsNothing) {
    const Served served;
    Watched watched(served.top());
    watched.screen.waitFor("k\u00e4se? till 2");
    BOOST_TEST(watched.screen.written().find("\u202e") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(RatesComeWithTheSecondLook) {
    Served served;
    auto visitor = served.connector.connect(served.mappings[1].port2);
    Watched watched(served.top({"--sort=from2"}));
    const std::string record(100000, 'x');
    const auto isShown = [&] {
        visitor.send(record);
        served.agent->readExactly(record.size());
        const auto seen = watched.screen.text();
        return seen.find(" kB/s") != std::string::npos || seen.find(" MB/s") != std::string::npos;
    };
    waitUntil("traffic", isShown);
    watched.screen.waitForOrder(shortId(served.mappings[1]), shortId(served.mappings[2]));
    watched.screen.waitFor("relays 1");
}

BOOST_AUTO_TEST_CASE(KeysSort) {
    const Served served;
    Watched watched(served.top({"--sort=port1"}));
    const auto& mappings = served.mappings;
    watched.screen.waitForOrder(std::to_string(mappings[0].port1), std::to_string(mappings[2].port1));
    watched.screen.type("r");
    watched.screen.waitForOrder(std::to_string(mappings[2].port1), std::to_string(mappings[0].port1));
    watched.screen.type(">>"); // port2, then agents
    watched.screen.waitFor("vAGENTS");
    watched.screen.waitForOrder(shortId(mappings[1]), shortId(mappings[0]));
    watched.screen.waitForOrder(shortId(mappings[1]), shortId(mappings[2]));
    watched.screen.type("\x1bOD"); // an arrow to the left
    watched.screen.waitFor("^PORT2");
}

BOOST_AUTO_TEST_CASE(TextFilters) {
    const Served served;
    Watched watched(served.top());
    watched.screen.type("/TILL");
    watched.screen.waitForEndOf(shortId(served.mappings[2]));
    watched.screen.type(" 2" + kEnter);
    watched.screen.waitForEndOf(shortId(served.mappings[0]));
    watched.screen.waitFor("filter: TILL 2 (1 of 3)");
    watched.screen.type(kEscape);
    watched.screen.waitFor(shortId(served.mappings[0]));
    watched.screen.type("/none");
    watched.screen.waitFor("No mapping has \"none\"");
}

BOOST_AUTO_TEST_CASE(FilterMayBeAnOption) {
    const Served served;
    Watched watched(served.top({"--filter=private"}));
    const auto seen = watched.screen.text();
    BOOST_TEST(seen.find(shortId(served.mappings[2])) != std::string::npos, seen);
    BOOST_TEST(seen.find(shortId(served.mappings[0])) == std::string::npos, seen);
}

BOOST_AUTO_TEST_CASE(OneMappingIsShownInDetail) {
    const Served served;
    Watched watched(served.top({"--filter=till 2"}));
    watched.screen.waitFor(shortId(served.mappings[1]));
    watched.screen.type(kEnter);
    watched.screen.waitFor(served.mappings[1].id);
    watched.screen.waitForEndOf("being asked for");
    const auto seen = watched.screen.waitFor("bytes from port1");
    BOOST_TEST(seen.find("Esc back") != std::string::npos, seen);
    served.api.remove(served.mappings[1].id);
    watched.screen.waitFor("The mapping is removed");
    watched.screen.type(kEscape);
    watched.screen.waitFor("Enter details");
}

BOOST_AUTO_TEST_CASE(ItFollowsTheSizeOfTheTerminal) {
    const Served served;
    Watched watched(served.top(), 160, 30);
    watched.screen.waitFor(served.mappings[0].id);
    watched.screen.resize(80, 12);
    auto seen = watched.screen.waitForEndOf(served.mappings[0].id);
    seen = watched.screen.waitFor(shortId(served.mappings[0]));
    watched.screen.waitFor("q quit");
    watched.screen.resize(20, 3);
    watched.screen.waitFor("q quit");
    watched.screen.resize(200, 50);
    watched.screen.waitFor(served.mappings[0].id);
}

BOOST_AUTO_TEST_CASE(MoreMappingsThanLinesAreScrolled) {
    Served served;
    std::vector<AddedMapping> others;
    for (int number = 0; number < 30; ++number)
        others.push_back(served.api.addPublic());
    Watched watched(served.top({"--sort=port1"}), 120, 16);
    watched.screen.waitFor(shortId(served.mappings[0]));
    watched.screen.type("\x1bOF"); // End
    watched.screen.waitFor(shortId(others.back()));
    watched.screen.waitForEndOf(shortId(served.mappings[0]));
    watched.screen.type("\x1b[5~\x1b[5~\x1b[5~\x1b[5~\x1b[5~\x1b[5~"); // PageUp
    watched.screen.waitFor(shortId(served.mappings[0]));
}

BOOST_AUTO_TEST_CASE(RestartOfTheServerIsSaidAndWaitedOut) {
    Served served;
    Watched watched(served.top());
    watched.screen.waitFor("running, up");
    served.connector.stop();
    watched.screen.waitFor("away");
    watched.screen.waitFor("no Connector answers");
    const ConnectorProcess again(served.setup);
    watched.screen.waitFor("running, up");
    watched.screen.waitForEndOf("no Connector answers");
    watched.screen.waitFor(shortId(served.mappings[2]));
}

BOOST_AUTO_TEST_CASE(KeysAreAnsweredWhileTheServerIsNot) {
    Served served;
    Watched watched(served.top());
    served.connector.process().freeze();
    watched.screen.type("/till 1" + kEnter);
    watched.screen.waitForEndOf(shortId(served.mappings[2]));
    watched.screen.type("q");
    BOOST_TEST(watched.top.waitForExit() == 0);
    served.connector.process().signal(SIGCONT);
}

BOOST_AUTO_TEST_CASE(ColorsAreUsedAndNoColorIsRespected) {
    const Served served;
    auto command = served.top();
    Watched colored(command);
    BOOST_TEST(colored.screen.hasColors());
    command.environment["NO_COLOR"] = "1";
    Watched plain(command);
    BOOST_TEST(!plain.screen.hasColors());
}

BOOST_DATA_TEST_CASE(TerminalIsLeftAsItWas, boost::unit_test::data::make({"q", "Ctrl-C", "SIGTERM"}), way) {
    const Served served;
    TerminalScreen screen(100, 20);
    const auto& folder = served.setup.folder();
    const auto file = [&folder](const std::string& name) { return folder.path(name); };
    const auto script = "echo before; stty -g > " + file("before") + "; /bin/sh -c 'echo $$ > " +
                        file("pid") + "; exec \"$@\"' sh \"$@\"; echo \"ended with $?\"; stty -g > " +
                        file("after") + "; echo done; read end";
    ChildProcess shell(screen.at(inShell(script, served.top())));
    screen.waitFor("q quit");
    BOOST_TEST(screen.text().find("before") == std::string::npos);
    if (way == std::string("q")) screen.type("q");
    if (way == std::string("Ctrl-C")) screen.type(kCtrlC);
    if (way == std::string("SIGTERM")) ::kill(std::stoi(readFile(file("pid"))), SIGTERM);
    screen.waitFor("done");
    const auto seen = screen.waitFor("ended with 0");
    BOOST_TEST(seen.find("before") != std::string::npos, seen);
    BOOST_TEST(seen.find("q quit") == std::string::npos, seen);
    BOOST_TEST(readFile(file("before")) == readFile(file("after")));
}

BOOST_AUTO_TEST_CASE(ItIsStoppedAndGoesOn) {
    const Served served;
    TerminalScreen screen(100, 20);
    const std::string script = "\"$@\"; echo stopped; read answer; fg; echo ended with $?; read end";
    ChildProcess shell(screen.at(inShell(script, served.top())));
    screen.waitFor("q quit");
    screen.type(kCtrlZ);
    auto seen = screen.waitFor("stopped");
    BOOST_TEST(seen.find("q quit") == std::string::npos, seen);
    screen.resize(90, 15);
    screen.type("\n");
    screen.waitFor("q quit");
    screen.waitFor(shortId(served.mappings[0]));
    screen.type("q");
    screen.waitFor("ended with 0");
}

BOOST_AUTO_TEST_CASE(WithoutATerminalItSaysSo) {
    const Served served;
    const auto finished = runCommand(served.setup, {"top"});
    BOOST_TEST(hasFailed(finished, kUsage, {"needs a terminal", "--once"}), shown(finished));
    const auto json = runCommand(served.setup, {"top", "--json"});
    BOOST_TEST(hasFailed(json, kUsage, {"--json needs --once"}), shown(json));
}

BOOST_AUTO_TEST_CASE(WrongOptionsSayWhatIsRight) {
    const ConnectorSetup setup;
    for (const auto& [option, right] :
         std::vector<std::pair<std::string, std::string>>{{"--sort=size", "id, label, name, type, port1"},
                                                          {"--interval=0", "from 1 to 3600"},
                                                          {"--interval=fast", "from 1 to 3600"}}) {
        const auto finished = runCommand(setup, {"top", "--once", option});
        BOOST_TEST(hasFailed(finished, kUsage, {option, right}), shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(TerminalOfAnUnknownTypeIsNamed) {
    const Served served;
    TerminalScreen screen(200, 20);
    auto command = served.top();
    command.environment["TERM"] = "abacus";
    command.environment["ASAN_OPTIONS"] += ":detect_leaks=0"; // of ncurses, when it doesn't know the terminal
    ChildProcess top(screen.at(command));
    screen.waitFor("TERM=abacus, is not known");
    BOOST_TEST(top.waitForExit() == kUnavailable);
}

BOOST_AUTO_TEST_CASE(ServerThatIsNotThereIsAnError) {
    const ConnectorSetup setup;
    const auto finished = runCommand(setup, {"top", "--once"});
    BOOST_TEST(hasFailed(finished, kUnavailable, {"no Connector answers"}), shown(finished));
}

BOOST_DATA_TEST_CASE(OnceIsATable, kModes, mode) {
    const Served served(mode);
    const auto finished =
        runCommand(served.setup, {"top", "--once", "--interval=1", "--sort=agents", "--filter=public"});
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    const auto first = finished.output.find(served.mappings[1].id);
    const auto second = finished.output.find(served.mappings[0].id);
    BOOST_TEST((first < second && second != std::string::npos), shown(finished));
    for (const std::string part :
         {"3 mappings, 0 degraded; 1 agents", "REFUSED/s", "0 B", "database ok", "k\u00e4se? till 2"})
        BOOST_TEST(says(finished, part), part << " in " << shown(finished));
    BOOST_TEST(!says(finished, served.mappings[2].id), shown(finished));
}

BOOST_AUTO_TEST_CASE(OnceAsJsonHasWhatIsDocumented) {
    Served served;
    auto visitor = served.connector.connect(served.mappings[1].port2);
    visitor.send("hello");
    served.agent->readExactly(5);
    const auto json = jsonOf(served.setup, {"top", "--once", "--interval=1", "--sort=relays"});
    BOOST_TEST(hasMembers(*json, "status timestamp interval server mappings"));
    BOOST_TEST(json->getValue<int>("interval") >= 1000);
    BOOST_TEST(
        hasMembers(*json->getObject("server"),
                   "version uptime mappings degraded damaged database agentswaiting visitorswaiting relays "
                   "descriptors availableDescriptors availablePorts bytespersecond refusedpersecond"));
    const auto mappings = json->getArray("mappings");
    BOOST_TEST_REQUIRE(mappings->size() == 3U);
    const auto busy = mappings->getObject(0);
    BOOST_TEST(busy->getValue<std::string>("id") == served.mappings[1].id);
    BOOST_TEST(hasMembers(
        *busy, "id label name type port1 port2 agentswaiting visitorswaiting relays bytespersecondfromport1 "
               "bytespersecondfromport2 refusedpersecond lastagent state"));
    BOOST_TEST(busy->getValue<int>("relays") == 1);
    for (const auto& one : *mappings) {
        const auto mapping = one.extract<Poco::JSON::Object::Ptr>();
        if (mapping->getValue<std::string>("type") == "private")
            BOOST_TEST(hasMembers(
                *mapping, "id label name type port1 port2 agentswaitingport1 agentswaitingport2 relays "
                          "bytespersecondfromport1 bytespersecondfromport2 state"));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
