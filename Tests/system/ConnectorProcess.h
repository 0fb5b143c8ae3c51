#pragma once

#include "ApiClient.h"
#include "ChildProcess.h"
#include "ConnectorSetup.h"
#include "PipeClient.h"

#include <csignal>
#include <memory>
#include <string>

namespace connector::test {

/// A running Connector. When it is still running at the end, it is stopped with SIGTERM and must exit with 0:
/// with anything else (a sanitizer's report, a crash, a hang) the test fails, and its log is shown.
class ConnectorProcess {
  public:
    /// Starts it; returns when /health answers 200. Throws, with the log, when the process ends instead.
    explicit ConnectorProcess(const ConnectorSetup& setup);
    ~ConnectorProcess();
    ConnectorProcess(const ConnectorProcess&) = delete;
    ConnectorProcess& operator=(const ConnectorProcess&) = delete;

    ChildProcess& process() { return _process; }
    const ApiClient& api() const { return _api; }

    /// Signals it and gives its exit code.
    int stop(int signal = SIGTERM, std::chrono::milliseconds patience = kPatience);
    /// kill -9, and waits until the process is gone.
    void kill();

    /// All it has logged, and what earlier processes on the same setup have.
    std::string log() const;
    void waitForLog(const std::string& text) const;

    /// A connection to one of its ports, in the setup's mode.
    PipeClient connect(std::uint16_t port, ConnectOptions options = {},
                       const std::string& host = "127.0.0.1") const;

    /// A connection that has sent this passcode and was answered AUTHORIZED.
    PipeClient agent(std::uint16_t port, const std::string& passcode, ConnectOptions options = {},
                     const std::string& host = "127.0.0.1") const;

  private:
    void waitUntilHealthy();
    bool isHealthy() const;

    const ConnectorSetup& _setup;
    std::shared_ptr<const TlsSettings> _tls;
    ApiClient _api;
    ChildProcess _process;
    bool _wasStopped = false;
};

/// What the API needs to speak HTTPS with a Connector; null in plain mode.
Poco::Net::Context::Ptr httpsContext(Mode mode, const std::optional<KeyPair>& clientCertificate = {});

} // namespace connector::test
