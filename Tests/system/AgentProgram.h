#pragma once

#include "ApiClient.h"
#include "ChildProcess.h"
#include "ConnectorSetup.h"
#include "Folder.h"
#include "TestAgent.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace connector::test {

/// One pipe of a real agent, as its configuration describes it.
struct AgentPipeOptions {
    Side side = Side::Port1;
    /// "connect" or "listen", in private mappings; empty in public ones.
    std::string role{};
    std::uint16_t localPort = 0;
    std::string localHost = "127.0.0.1";
    /// "connectioncount", and "connections", too.
    int connections = 1;
    int heartbeatFrequency = 20000;
    int heartbeatAbsenceThreshold = 60000;
    /// "v1" or "v2"; empty leaves it out.
    std::string proxyProtocol{};
    /// Empty: 127.0.0.1; several are an array.
    std::vector<std::string> hosts{};
};

/// The JSON of a pipe to a mapping's port.
Poco::JSON::Object::Ptr agentPipe(const ConnectorSetup& connector, const AddedMapping& mapping,
                                  const AgentPipeOptions& options);

/// A running iofog-connector-agent. When it is still running at the end, it is stopped with SIGTERM and must
/// exit with 0, or else the test fails.
class AgentProgram {
  public:
    using Pipes = std::vector<Poco::JSON::Object::Ptr>;

    /// One pipe is written to the configuration as it is, several as "pipes". drainTimeout: what running
    /// conversations are given when it is stopped. launcher: words of a command that executes the program.
    AgentProgram(const ConnectorSetup& connector, const Pipes& pipes,
                 AgentProtocol protocol = AgentProtocol::Pipe2,
                 std::chrono::milliseconds drainTimeout = std::chrono::milliseconds(0),
                 const std::vector<std::string>& launcher = {});
    ~AgentProgram();
    AgentProgram(const AgentProgram&) = delete;
    AgentProgram& operator=(const AgentProgram&) = delete;

    ChildProcess& process() { return *_process; }

    /// Writes another configuration and has it read; returns when the agent says that it was.
    void reload(const Pipes& pipes);

    /// The same with text that must be refused; returns when the agent says that it was.
    void reloadBad(const std::string& configuration);

    std::string log() const;
    void waitForLog(const std::string& text, std::size_t from = 0) const;

    /// Kills it, or lets it die otherwise: the end of this object is satisfied with any exit code.
    void kill(int signal);

  private:
    void hangUp(const std::string& configuration, const std::string& expected);

    Folder _folder;
    std::chrono::milliseconds _drainTimeout;
    std::optional<ChildProcess> _process;
    bool _wasKilled = false;
};

} // namespace connector::test
