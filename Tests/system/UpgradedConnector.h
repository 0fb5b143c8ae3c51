#pragma once

#include "ApiClient.h"
#include "ConnectorProcess.h"

#include <csignal>
#include <functional>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace connector::test {

/// A Connector that is upgraded again and again, from a copy of the program of its own. All its processes end
/// with the object, and must exit with 0.
class UpgradedConnector {
  public:
    /// limits: written to "limits" in the configuration. environment: of the processes. texts: further values
    /// of the configuration. configure: what else is to be set.
    explicit UpgradedConnector(
        Mode mode, const std::map<std::string, int>& limits = {},
        const std::map<std::string, std::string>& environment = {},
        const std::map<std::string, std::string>& texts = {},
        const std::function<void(ConnectorSetup&)>& configure = [](ConnectorSetup&) {});
    ~UpgradedConnector();
    UpgradedConnector(const UpgradedConnector&) = delete;
    UpgradedConnector& operator=(const UpgradedConnector&) = delete;

    ConnectorSetup& setup() { return _setup; }

    /// The first process; its API client is good for all of them.
    ConnectorProcess& first() { return _first; }
    const ApiClient& api() const { return _first.api(); }

    /// Replaces the program that the next process will run.
    void install(const std::string& content) const;

    /// The process that answers requests to the API.
    pid_t process() const;

    /// Has it upgraded by the signal, after a new program was installed, and returns when a new process
    /// serves.
    void upgrade(int signal = SIGUSR2);

    /// Another process serves, as something else has had it upgraded.
    void noteUpgrade() { _others.push_back(process()); }

    /// Has it upgraded, and returns why that has failed, as the status says.
    std::string failToUpgrade() const;

    /// kill -9 of one that has taken over.
    void kill(pid_t process);

    /// Returns the exit code of a process that ends, or is to.
    int waitForExit(pid_t process);

  private:
    void reinstall() const;
    std::string failure() const;

    ConnectorSetup _setup;
    std::string _program;
    ConnectorProcess _first;
    std::vector<pid_t> _others; ///< those that have not ended
};

} // namespace connector::test
