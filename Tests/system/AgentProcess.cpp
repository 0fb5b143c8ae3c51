#include "AgentProcess.h"

#include <sstream>

namespace connector::test {

namespace {

std::string configOf(const AgentOptions& options) {
    Poco::JSON::Object config(Poco::JSON_PRESERVE_KEY_ORDER);
    config.set("mode", options.role.empty() ? "public" : "private");
    if (!options.role.empty()) config.set("role", options.role);
    config.set("host", "127.0.0.1");
    config.set("port", options.port);
    config.set("connectioncount", options.connectionCount);
    if (!options.passcodeInEnvironment) config.set("passcode", options.passcode);
    config.set("localhost", "127.0.0.1");
    config.set("localport", options.localPort);
    config.set("heartbeatfrequency", options.heartbeatFrequency);
    config.set("heartbeatabsencethreshold", options.heartbeatAbsenceThreshold);
    config.set("draintimeout", 0);
    if (options.mode == Mode::Tls) config.set("cert", readFile(options.trustedFile));
    std::ostringstream text;
    config.stringify(text);
    return text.str();
}

} // namespace

AgentProcess::AgentProcess(const AgentOptions& options) : _daemon("agent", command(options)) {}

ChildProcess::Command AgentProcess::command(const AgentOptions& options) const {
    const auto file = _folder.write("agent.json", configOf(options));
    ChildProcess::Command command{
        {programPath("AGENT_BIN"), "--config=" + file, "--pipe1", "--log-level=debug"},
        _folder.path("output.log")};
    if (options.mode == Mode::Plain) command.words.push_back("--plain");
    if (options.passcodeInEnvironment) command.environment["IOFOG_AGENT_PASSCODE"] = options.passcode;
    return command;
}

} // namespace connector::test
