#include "ApiClient.h"
#include "Commands.h"
#include "ConnectorSetup.h"
#include "TestTarget.h"
#include "Waiting.h"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <filesystem>
#include <optional>

namespace connector::test {

namespace {

bool isThere(const std::string& file) {
    return std::filesystem::exists(file);
}

std::string processFile(pid_t pid, const std::string& name) {
    return "/proc/" + std::to_string(pid) + "/" + name;
}

/// Whether the process has a thread with this name.
bool hasThread(pid_t pid, const std::string& name) {
    for (const auto& thread : std::filesystem::directory_iterator(processFile(pid, "task")))
        if (readFile(thread.path().string() + "/comm") == name + "\n") return true;
    return false;
}

/// A Connector that has made a daemon of itself; ended, if need be, with the test.
class DaemonOfItself {
  public:
    ~DaemonOfItself() {
        if (const auto running = pid()) ::kill(*running, SIGKILL);
    }
    DaemonOfItself() = default;
    DaemonOfItself(const DaemonOfItself&) = delete;
    DaemonOfItself& operator=(const DaemonOfItself&) = delete;

    /// As a user in the folder would, who names files without it.
    Finished launch(const std::string& options) const {
        writeFile(setup.configFile(), setup.config());
        return run(
            {{"/bin/sh", "-c",
              "cd " + setup.folder().path("") + " && exec " + programPath("CONNECTOR_BIN") + " " + options},
             setup.folder().path("terminal.log")});
    }

    std::string pidFile() const { return setup.folder().path("connector.pid"); }

    /// Nothing when there is no file with it, or nothing in it yet.
    std::optional<pid_t> pid() const {
        if (!isThere(pidFile())) return std::nullopt;
        const auto text = readFile(pidFile());
        return text.empty() ? std::nullopt : std::optional(std::stoi(text));
    }

    std::string log() const {
        const auto file = setup.databaseFile() + ".log";
        return isThere(file) ? readFile(file) : "";
    }

    void waitForLog(const std::string& text) const {
        waitUntil("the log says " + text, [&] { return log().find(text) != std::string::npos; });
    }

    ConnectorSetup setup;
};

} // namespace

BOOST_AUTO_TEST_SUITE(DaemonOption)

BOOST_AUTO_TEST_CASE(DaemonServesInTheBackgroundUntilSigterm) {
    const DaemonOfItself daemon;
    const auto launched =
        daemon.launch("--daemon --pidfile=connector.pid --config=iofog-connector.config --umask=077");
    BOOST_TEST(launched.exitCode == 0, shown(launched));
    BOOST_TEST(launched.output.empty(), shown(launched));
    daemon.waitForLog("is ready");
    BOOST_TEST(ApiClient("127.0.0.1", daemon.setup.apiPort()).get("/health").status == 200);

    const auto pid = daemon.pid().value();
    BOOST_TEST(std::filesystem::read_symlink(processFile(pid, "cwd")) == "/");
    BOOST_TEST(std::filesystem::read_symlink(processFile(pid, "fd/2")) == "/dev/null");
    BOOST_TEST(::getsid(pid) == pid);
    BOOST_TEST(readFile(processFile(pid, "status")).find("Umask:\t0077") != std::string::npos);

    BOOST_TEST((std::filesystem::status(daemon.setup.databaseFile() + ".log").permissions() ==
                std::filesystem::perms(0600)));
    if (!isScaledDown()) // sanitizers have their own allocators
        waitUntil("memory is given back", [&] { return hasThread(pid, "jemalloc_bg_thd"); });

    ::kill(pid, SIGHUP);
    daemon.waitForLog("nothing has changed");
    ::kill(pid, SIGTERM);
    waitUntil("it has ended", [&] { return !isThere(processFile(pid, "stat")); });
    BOOST_TEST(daemon.log().find("stopping") != std::string::npos);
    BOOST_TEST(!isThere(daemon.pidFile()));
}

BOOST_AUTO_TEST_CASE(WhatIsWrongIsSaidBeforeTheTerminalIsLeft) {
    DaemonOfItself daemon;
    const auto option = daemon.launch("--daemon --config=iofog-connector.config --colour");
    BOOST_TEST(hasFailed(option, kUsage, {"colour"}), shown(option));
    const auto mask = daemon.launch("--daemon --config=iofog-connector.config --umask=x");
    BOOST_TEST(hasFailed(mask, kUsage, {"octal"}), shown(mask));
    const auto file = daemon.launch("--daemon --config=iofog-connector.config --pidfile=missing/x.pid");
    BOOST_TEST(hasFailed(file, kCantCreate, {"missing/x.pid"}), shown(file));
    daemon.setup.set("api.port", 70000);
    const auto wrong = daemon.launch("--daemon --config=iofog-connector.config --pidfile=connector.pid");
    BOOST_TEST(hasFailed(wrong, kConfig, {"iofog-connector.config", "70000"}), shown(wrong));
    BOOST_TEST(!isThere(daemon.pidFile()));
}

BOOST_AUTO_TEST_CASE(WhatGoesWrongLaterIsInTheLog) {
    DaemonOfItself daemon;
    const TestTarget target;
    daemon.setup.set("api.port", target.port());
    const auto launched = daemon.launch("--daemon --pidfile=connector.pid --config=iofog-connector.config");
    BOOST_TEST(launched.exitCode == 0, shown(launched));
    daemon.waitForLog(std::to_string(target.port()));
    waitUntil("it has ended", [&] { return !isThere(daemon.pidFile()); });
}

BOOST_AUTO_TEST_CASE(ProcessIdIsWrittenInTheForegroundToo) {
    const DaemonOfItself daemon;
    auto command = daemon.setup.command({"--pidfile", daemon.pidFile()});
    ChildProcess process(command);
    waitUntil("it is written", [&] { return daemon.pid() == process.pid(); });
    waitUntil("it serves",
              [&] { return readFile(command.outputFile).find("is ready") != std::string::npos; });
    BOOST_TEST(process.stop(SIGTERM) == 0);
    BOOST_TEST(!isThere(daemon.pidFile()));
    const auto refused =
        run(daemon.setup.command({"--pidfile=" + daemon.setup.folder().path("missing/x.pid")}));
    BOOST_TEST(hasFailed(refused, kCantCreate, {"missing/x.pid"}), shown(refused));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
