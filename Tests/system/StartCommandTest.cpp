#include "ApiClient.h"
#include "Commands.h"
#include "ConnectorProcess.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <future>
#include <optional>

namespace connector::test {

namespace {

/// A Connector that `start` starts, and that is stopped with the test at the latest.
class Background {
  public:
    explicit Background(Mode mode) : setup(mode) { withOperator(setup); }
    ~Background() {
        const auto finished = runCommand(setup, {"stop"});
        BOOST_TEST(finished.exitCode == 0, shown(finished));
    }
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    bool answers() const {
        try {
            return ApiClient("127.0.0.1", setup.apiPort(), httpsContext(setup.mode()))
                       .get("/health")
                       .status == 200;
        } catch (const Poco::Exception&) {
            return false;
        }
    }

    std::string log() const { return readFile(setup.databaseFile() + ".log"); }

    /// The process that `start` has written down; nothing before it has.
    std::optional<pid_t> pid() const {
        const auto file = setup.databaseFile() + ".pid";
        if (!std::filesystem::exists(file)) return std::nullopt;
        return std::stoi(readFile(file));
    }

    ConnectorSetup setup;
};

/// The program that this process has started and that runs already; nothing before that.
std::optional<pid_t> childOf(pid_t parent) {
    const auto process = [](pid_t pid) { return "/proc/" + std::to_string(pid); };
    pid_t child = 0;
    std::ifstream list(process(parent) + "/task/" + std::to_string(parent) + "/children");
    if (!(list >> child)) return std::nullopt;
    const bool isCopy = readFile(process(child) + "/cmdline") == readFile(process(parent) + "/cmdline");
    return isCopy ? std::nullopt : std::optional(child);
}

} // namespace

BOOST_AUTO_TEST_SUITE(StartCommand)

BOOST_DATA_TEST_CASE(StartReturnsWhenItServesAndStopWhenItHasEnded, kModes, mode) {
    const Background background(mode);
    const auto started = runCommand(background.setup, {"start"});
    BOOST_TEST(started.exitCode == 0, shown(started));
    BOOST_TEST(says(started, "127.0.0.1:" + std::to_string(background.setup.apiPort())), shown(started));
    BOOST_TEST(background.answers());
    const auto added = runCommand(background.setup, {"mapping", "add", "public"});
    BOOST_TEST(added.exitCode == 0, shown(added));

    const auto stopped = runCommand(background.setup, {"stop"});
    BOOST_TEST(says(stopped, "Connector is stopped"), shown(stopped));
    BOOST_TEST(!background.answers());
    BOOST_TEST(background.log().find("stopping") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(BothMayBeSaidTwice) {
    const Background background(Mode::Plain);
    BOOST_TEST(!jsonOf(background.setup, {"stop"})->getValue<bool>("wasrunning"));
    BOOST_TEST(!jsonOf(background.setup, {"start"})->getValue<bool>("wasrunning"));
    BOOST_TEST(jsonOf(background.setup, {"start"})->getValue<bool>("wasrunning"));
    BOOST_TEST(jsonOf(background.setup, {"stop"})->getValue<bool>("wasrunning"));
    BOOST_TEST(!jsonOf(background.setup, {"stop"})->getValue<bool>("wasrunning"));
    BOOST_TEST(!jsonOf(background.setup, {"start"})->getValue<bool>("wasrunning"));
}

BOOST_AUTO_TEST_CASE(StartsAtTheSameTimeStartOne) {
    const Background background(Mode::Plain);
    const auto command = background.setup.command({"start"});
    const auto start = [&] { return run(command); };
    auto other = std::async(std::launch::async, start);
    const auto first = start();
    const auto second = other.get();
    BOOST_TEST(first.exitCode == 0, shown(first));
    BOOST_TEST(second.exitCode == 0, shown(second));
    BOOST_TEST(says(first, "was running") != says(second, "was running"));
}

BOOST_AUTO_TEST_CASE(StartShowsWhyItFails) {
    ConnectorSetup setup;
    const ConnectorSetup holder;
    const ConnectorProcess running(holder);
    setup.set("api.port", holder.apiPort());
    setup.set("api.bind", "127.0.0.1");
    const auto other = runCommand(setup, {"start"});
    BOOST_TEST(hasFailed(other, kUnavailable, {"another Connector", std::to_string(holder.apiPort())}),
               shown(other));
    const TestTarget target;
    setup.set("api.port", target.port());
    const auto taken = runCommand(setup, {"start"});
    BOOST_TEST(hasFailed(taken, kUnavailable, {"ended at once", std::to_string(target.port())}),
               shown(taken));
    setup.set("dev", "yes");
    const auto wrong = runCommand(setup, {"start"});
    BOOST_TEST(hasFailed(wrong, kConfig, {setup.configFile(), "dev"}), shown(wrong));
}

BOOST_AUTO_TEST_CASE(StartAsRootMakesNoFolderOfRoots) {
    Background background(Mode::Plain);
    const auto folder = background.setup.folder().path("missing");
    background.setup.set("database", folder + "/mappings.db");
    const auto started = runCommand(background.setup, {"start"});
    if (::geteuid() == 0)
        BOOST_TEST(hasFailed(started, kConfig, {folder + " is not there", "install -d"}), shown(started));
    else
        BOOST_TEST(started.exitCode == 0, shown(started));
}

BOOST_AUTO_TEST_CASE(StopLeavesOthersAlone) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup); // which `start` has not started
    const auto finished = runCommand(setup, {"stop"});
    BOOST_TEST(hasFailed(finished, kNoPermission, {"not started by \"start\""}), shown(finished));
    writeFile(setup.databaseFile() + ".pid", std::to_string(::getpid()));
    const auto misled = runCommand(setup, {"stop"});
    BOOST_TEST(hasFailed(misled, kNoPermission, {"not started by \"start\""}), shown(misled));
    BOOST_TEST(connector.api().get("/health").status == 200);
}

BOOST_AUTO_TEST_CASE(StopLeavesAnotherConnectorAloneThatHasTheProcessId) {
    const Background other(Mode::Plain);
    BOOST_TEST_REQUIRE(runCommand(other.setup, {"start"}).exitCode == 0);
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    writeFile(setup.databaseFile() + ".pid", std::to_string(other.pid().value()));
    const auto misled = runCommand(setup, {"stop"});
    BOOST_TEST(hasFailed(misled, kNoPermission, {"not started by \"start\""}), shown(misled));
    BOOST_TEST(connector.api().get("/health").status == 200);
    BOOST_TEST(other.answers());
}

BOOST_AUTO_TEST_CASE(StopFindsItByTheNewNameOfTheEarlierConfiguration) {
    const Background background(Mode::Plain);
    const auto command = background.setup.command({"start"});
    const auto file = background.setup.configFile();
    const auto earlier = background.setup.folder().path("iofog-connector.conf");
    BOOST_TEST_REQUIRE(std::rename(file.c_str(), earlier.c_str()) == 0);
    const auto started = run(command);
    BOOST_TEST(started.exitCode == 0, shown(started));
    BOOST_TEST_REQUIRE(std::rename(earlier.c_str(), file.c_str()) == 0);
    const auto stopped = runCommand(background.setup, {"stop"});
    BOOST_TEST(says(stopped, "Connector is stopped"), shown(stopped));
}

BOOST_AUTO_TEST_CASE(StartComesAfterAKill) {
    const Background background(Mode::Plain);
    BOOST_TEST(runCommand(background.setup, {"start"}).exitCode == 0);
    const auto pid = std::stoi(readFile(background.setup.databaseFile() + ".pid"));
    ::kill(pid, SIGKILL);
    waitUntil("it is gone", [&] { return !background.answers(); });
    const auto again = runCommand(background.setup, {"start"});
    BOOST_TEST(again.exitCode == 0, shown(again));
    BOOST_TEST(background.answers());
}

BOOST_AUTO_TEST_CASE(StopEndsWhatAnInterruptedStartHasLeft) {
    const Background background(Mode::Plain);
    ChildProcess start(background.setup.command({"start"}));
    std::optional<pid_t> server;
    waitUntil("the server is started", [&] { return (server = childOf(start.pid())).has_value(); });
    ::kill(*server, SIGSTOP); // so that it does not become ready
    waitUntil("its process id is written down", [&] { return background.pid() == server; });
    start.stop(SIGKILL);
    ::kill(*server, SIGCONT);
    const auto again = runCommand(background.setup, {"start"});
    BOOST_TEST(says(again, "was running already"), shown(again));
    BOOST_TEST(background.answers());
    const auto stopped = runCommand(background.setup, {"stop"});
    BOOST_TEST(says(stopped, "Connector is stopped"), shown(stopped));
    BOOST_TEST(!background.answers());
}

BOOST_AUTO_TEST_CASE(EarlierConfigurationIsLogged) {
    Background background(Mode::Plain);
    const auto command = background.setup.command({"start"});
    const auto earlier = background.setup.folder().path("iofog-connector.conf");
    BOOST_TEST_REQUIRE(std::rename(background.setup.configFile().c_str(), earlier.c_str()) == 0);
    const auto server =
        run({{programPath("CONNECTOR_BIN"), "--check", "--config=" + background.setup.configFile()}, ""});
    BOOST_TEST(says(server, earlier + ": ok"), shown(server));
    Daemon connector("Connector",
                     {{programPath("CONNECTOR_BIN"), "--config=" + background.setup.configFile()},
                      background.setup.folder().path("served.log")});
    connector.waitForLog(earlier + ", the earlier Connector's, is read");
    connector.waitForLog("is ready");
}

BOOST_AUTO_TEST_CASE(PackagedConfigurationDoesNotHideTheEarlierOne) {
    const ConnectorSetup setup;
    const auto checked = [&] {
        return run({{programPath("CONNECTOR_BIN"), "--check", "--config=" + setup.configFile()}, ""});
    };
    const auto packaged = readFile(programPath("PACKAGED_CONFIG"));
    const auto earlier = setup.folder().write("iofog-connector.conf", setup.config());
    writeFile(setup.configFile(), packaged);
    BOOST_TEST(says(checked(), earlier + ": ok"), shown(checked()));
    writeFile(setup.configFile(), packaged + "\n");
    BOOST_TEST(says(checked(), setup.configFile() + ": ok"), shown(checked()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(HelpCommand)

BOOST_AUTO_TEST_CASE(HelpNamesEveryCommandAndEachHasItsOwn) {
    const auto iofog = [](std::vector<std::string> words) {
        words.insert(words.begin(), programPath("CONNECTOR_BIN"));
        return run({words, ""});
    };
    const auto help = iofog({"help"});
    const std::vector<std::vector<std::string>> commands{{"setup"},
                                                         {"check"},
                                                         {"start"},
                                                         {"stop"},
                                                         {"status"},
                                                         {"health"},
                                                         {"mapping", "list"},
                                                         {"mapping", "show"},
                                                         {"mapping", "add"},
                                                         {"mapping", "set"},
                                                         {"mapping", "remove"},
                                                         {"import"},
                                                         {"version"},
                                                         {"help"}};
    for (auto words : commands) {
        const auto name = words.size() == 1 ? words[0] : words[0] + " " + words[1];
        BOOST_TEST(says(help, "  " + name), name << " in " << shown(help));
        words.push_back("--help");
        const auto own = iofog(words);
        BOOST_TEST(own.exitCode == 0, shown(own));
        BOOST_TEST(says(own, "usage: iofog-connector " + name), shown(own));
        BOOST_TEST(says(own, "--json"), shown(own));
    }
    BOOST_TEST(iofog({"--help"}).output == help.output);
    for (const auto* status : {"67 no such user", "71 the operating system"})
        BOOST_TEST(says(help, status), shown(help));
    BOOST_TEST(says(iofog({"help", "mapping", "add"}), "--max-connections"));
    const auto unknown = iofog({"frobnicate"});
    BOOST_TEST(hasFailed(unknown, kUsage, {"frobnicate", "mapping list"}), shown(unknown));
}

BOOST_AUTO_TEST_CASE(NothingIsSaidWhenNobodyReadsOn) {
    const auto finished = run(
        {{"/bin/bash", "-c", R"(exec 3> >(:); wait $!; exec "$0" help >&3)", programPath("CONNECTOR_BIN")},
         ""});
    BOOST_TEST(finished.exitCode == kIoError, shown(finished));
    BOOST_TEST(finished.output.empty(), shown(finished));
}

BOOST_AUTO_TEST_CASE(VersionIsTheSameEverywhere) {
    const auto iofog = [](const std::vector<std::string>& words) { return run({words, ""}).output; };
    const auto program = programPath("CONNECTOR_BIN");
    BOOST_TEST(iofog({program, "version"}).starts_with("iofog-connector "));
    BOOST_TEST(iofog({program, "version"}) == iofog({program, "--version"}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
