#include "cli/commands/Systemd.h"

#include "app/Configuration.h"
#include "cli/CommandError.h"

#include <Poco/Process.h>
#include <Poco/String.h>
#include <Poco/Util/Application.h>

#include <filesystem>

namespace connector {

namespace {

constexpr const char* kUnit = "iofog-connector.service";

} // namespace

bool isManagedBySystemd(const std::string& wantedConfiguration) {
    std::error_code error;
    // sd_booted(3): this folder is there when systemd is the init system.
    return wantedConfiguration == kDefaultConfiguration &&
           std::filesystem::is_directory("/run/systemd/system", error);
}

bool isActiveInSystemd() {
    return Poco::Process::launch("systemctl", {"is-active", "--quiet", kUnit}).wait() == 0;
}

void systemctl(std::vector<std::string> words) {
    words.emplace_back(kUnit);
    const int exitCode = Poco::Process::launch("systemctl", words).wait();
    if (exitCode != 0)
        throw CommandError(Poco::Util::Application::EXIT_UNAVAILABLE,
                           "systemctl " + Poco::cat(std::string(" "), words.begin(), words.end()) +
                               " has failed with exit code " + std::to_string(exitCode) +
                               "; journalctl -u iofog-connector says more");
}

} // namespace connector
