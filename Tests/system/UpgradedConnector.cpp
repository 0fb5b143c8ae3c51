#include "UpgradedConnector.h"

#include "Folder.h"
#include "Waiting.h"

#include <Poco/Exception.h>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace connector::test {

namespace fs = std::filesystem;

namespace {

/// A copy, as the one that the build has made is not to be replaced. Processes that leave their parent become
/// children of the test's.
std::string prepare(ConnectorSetup& setup, const std::map<std::string, int>& limits,
                    const std::map<std::string, std::string>& environment,
                    const std::map<std::string, std::string>& texts,
                    const std::function<void(ConnectorSetup&)>& configure) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (const auto& [key, value] : limits)
        setup.set("limits." + key, value);
    for (const auto& [name, value] : environment)
        setup.setEnvironment(name, value);
    if (texts.contains("database.url")) setup.unset("database");
    for (const auto& [key, value] : texts)
        setup.set(key, value);
    configure(setup);
    const fs::path built = programPath("CONNECTOR_BIN");
    auto program = setup.folder().path("bin/iofog-connector");
    fs::create_directory(setup.folder().path("bin"));
    fs::copy_file(built, program);
    fs::create_directory_symlink(built.parent_path().parent_path() / "lib", setup.folder().path("lib"));
    setup.useProgram(program);
    return program;
}

} // namespace

UpgradedConnector::UpgradedConnector(Mode mode, const std::map<std::string, int>& limits,
                                     const std::map<std::string, std::string>& environment,
                                     const std::map<std::string, std::string>& texts,
                                     const std::function<void(ConnectorSetup&)>& configure)
    : _setup(mode), _program(prepare(_setup, limits, environment, texts, configure)), _first(_setup) {}

UpgradedConnector::~UpgradedConnector() {
    BOOST_TEST((_first.process().isRunning() ? _first.stop(SIGTERM) : _first.waitForExit()) == 0);
    for (const auto process : _others)
        ::kill(process, SIGTERM);
    while (!_others.empty())
        BOOST_TEST(waitForExit(_others.back()) == 0);
}

void UpgradedConnector::install(const std::string& content) const {
    const auto replacement = _program + ".new"; // a program that runs can't be written to
    writeFile(replacement, content);
    fs::permissions(replacement, fs::perms::owner_all);
    fs::rename(replacement, _program);
}

pid_t UpgradedConnector::process() const {
    pid_t process = 0;
    waitUntil("the API answers", [&] {
        try {
            process = api().get("/api/v2/status").json()->getValue<int>("process");
            return true;
        } catch (const Poco::Exception&) { // it is between two processes
            return false;
        }
    });
    return process;
}

void UpgradedConnector::reinstall() const {
    fs::copy_file(programPath("CONNECTOR_BIN"), _program + ".new");
    fs::rename(_program + ".new", _program);
}

void UpgradedConnector::upgrade(int signal) {
    reinstall();
    const auto former = process();
    const auto failedBefore = failure();
    ::kill(former, signal);
    pid_t now = former;
    waitUntil("a new process serves", [&] {
        const auto failed = failure();
        now = process();
        if (!failed.empty() && failed != failedBefore)
            throw std::runtime_error("it was not upgraded: " + failed);
        return now != former;
    });
    _others.push_back(now);
}

std::string UpgradedConnector::failToUpgrade() const {
    const auto running = process();
    ::kill(running, SIGUSR2);
    waitUntil("the upgrade fails", [&] { return process() == running && !failure().empty(); });
    return failure();
}

std::string UpgradedConnector::failure() const {
    std::string reason;
    waitUntil("the API answers", [&] {
        try {
            const auto upgrade = api().get("/api/v2/status").json()->getObject("upgrade");
            if (upgrade) reason = upgrade->getValue<std::string>("failed");
            return true;
        } catch (const Poco::Exception&) {
            return false;
        }
    });
    return reason;
}

void UpgradedConnector::kill(pid_t process) {
    ::kill(process, SIGKILL);
    waitForExit(process);
}

int UpgradedConnector::waitForExit(pid_t process) {
    int status = 0;
    waitUntil("process " + std::to_string(process) + " ends",
              [&] { return ::waitpid(process, &status, WNOHANG) == process; });
    std::erase(_others, process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace connector::test
