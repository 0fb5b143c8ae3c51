#pragma once

#include "ConnectorSetup.h"
#include "Daemon.h"

#include <cstdint>
#include <string>

namespace connector::test {

/// What an agent program is to do: the keys of its configuration, and how it is started.
struct AgentOptions {
    Mode mode = Mode::Plain;
    /// "connect" or "listen" on private mappings; empty on public ones.
    std::string role{};
    std::uint16_t port = 0;
    std::string passcode{};
    int connectionCount = 1;
    /// On 127.0.0.1: the target, or where to listen.
    std::uint16_t localPort = 0;
    int heartbeatFrequency = 20000;
    int heartbeatAbsenceThreshold = 60000;
    /// The CA it trusts in TLS mode.
    std::string trustedFile = CertificateAuthority::shared().certificateFile();
    bool passcodeInEnvironment = false;
};

/// A running iofog-connector-agent with one pipe, speaking PIPE/1; AgentProgram is for the rest.
class AgentProcess {
  public:
    explicit AgentProcess(const AgentOptions& options);

    Daemon& daemon() { return _daemon; }

  private:
    ChildProcess::Command command(const AgentOptions& options) const;

    Folder _folder;
    Daemon _daemon;
};

} // namespace connector::test
