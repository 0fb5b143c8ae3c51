#pragma once

#include "Certificates.h"
#include "ChildProcess.h"
#include "Folder.h"
#include "PortBlock.h"

#include <Poco/Dynamic/Var.h>
#include <Poco/JSON/Object.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>

namespace connector::test {

/// What "dev" in the configuration decides: HTTP and plain pipes, or HTTPS and TLS pipes.
enum class Mode { Plain, Tls };
inline constexpr std::array kModes{Mode::Plain, Mode::Tls};
std::ostream& operator<<(std::ostream& out, Mode mode);

/// All that a Connector needs to run on its own: a folder with database and certificates, ports, a
/// configuration. It outlives the processes that are started on it, so that a test can restart Connector.
class ConnectorSetup {
  public:
    /// mappingPorts: how many ports the configuration gives to mappings.
    explicit ConnectorSetup(Mode mode = Mode::Plain, std::uint16_t mappingPorts = 100);

    Mode mode() const { return _mode; }
    const Folder& folder() const { return _folder; }
    const KeyPair& serverCertificate() const { return _serverCertificate; }
    std::uint16_t apiPort() const { return _ports.first(); }
    /// The first of the ports for mappings; the others follow it.
    std::uint16_t firstMappingPort() const { return static_cast<std::uint16_t>(_ports.first() + 1); }
    std::string databaseFile() const { return _folder.path("mappings.db"); }
    std::string configFile() const { return _folder.path("iofog-connector.config"); }
    std::string logFile() const { return _folder.path("output.log"); }

    /// Sets a value of the configuration, by its key with dots for nesting: "limits.greeting-rest".
    ConnectorSetup& set(const std::string& key, const Poco::Dynamic::Var& value);
    /// The same, with the value as JSON.
    ConnectorSetup& setJson(const std::string& key, const std::string& json);
    ConnectorSetup& unset(const std::string& key);

    /// RLIMIT_NOFILE of the processes.
    ConnectorSetup& limitDescriptors(rlim_t limit);

    /// A variable of the processes' environment.
    ConnectorSetup& setEnvironment(const std::string& name, const std::string& value);

    /// Runs this program instead of the one that the build has made.
    ConnectorSetup& useProgram(const std::string& program);

    /// The configuration as it stands.
    std::string config() const;
    /// Writes `text` instead of config() when Connector starts: for what Poco::JSON can't express.
    ConnectorSetup& replaceConfig(const std::string& text);

    /// Writes the configuration; the command that starts Connector on it, with more arguments.
    ChildProcess::Command command(const std::vector<std::string>& arguments = {}) const;

  private:
    Mode _mode;
    Folder _folder;
    PortBlock _ports;
    KeyPair _serverCertificate;
    Poco::JSON::Object::Ptr _config;
    std::optional<std::string> _replacement;
    std::string _program = programPath("CONNECTOR_BIN");
    std::optional<rlim_t> _descriptors;
    std::map<std::string, std::string> _environment;
};

/// What mappings that addFront() has made room for are called below.
inline const std::string kFrontDomain = "fog.example.org";

/// Gives it a front, at that port and in kFrontDomain, and the API to everybody.
ConnectorSetup& addFront(ConnectorSetup& setup, std::uint16_t port);

} // namespace connector::test
