#include "AgentProgram.h"

#include <Poco/JSON/Array.h>

#include <boost/test/unit_test.hpp>

#include <sstream>

namespace connector::test {

namespace {

std::string configurationOf(const AgentProgram::Pipes& pipes, std::chrono::milliseconds drainTimeout) {
    Poco::JSON::Object whole;
    Poco::JSON::Array array;
    for (const auto& pipe : pipes)
        array.add(pipe);
    if (pipes.size() == 1)
        whole = *pipes.front();
    else
        whole.set("pipes", array);
    whole.set("loglevel", "debug");
    whole.set("draintimeout", drainTimeout.count());
    std::ostringstream text;
    whole.stringify(text, 2);
    return text.str();
}

Poco::Dynamic::Var hostOf(const AgentPipeOptions& options) {
    if (options.hosts.empty()) return std::string("127.0.0.1");
    if (options.hosts.size() == 1) return options.hosts.front();
    Poco::JSON::Array array;
    for (const auto& host : options.hosts)
        array.add(host);
    return array;
}

std::vector<std::string> words(const ConnectorSetup& connector, const std::string& configurationFile,
                               AgentProtocol protocol) {
    std::vector<std::string> result{programPath("AGENT_BIN"), "--config=" + configurationFile};
    if (connector.mode() == Mode::Plain) result.emplace_back("--plain");
    if (protocol == AgentProtocol::Pipe1) result.emplace_back("--pipe1");
    return result;
}

} // namespace

Poco::JSON::Object::Ptr agentPipe(const ConnectorSetup& connector, const AddedMapping& mapping,
                                  const AgentPipeOptions& options) {
    const bool isPort1 = options.side == Side::Port1;
    Poco::JSON::Object::Ptr pipe = new Poco::JSON::Object;
    pipe->set("mode", options.role.empty() ? "public" : "private");
    if (!options.role.empty()) pipe->set("role", options.role);
    pipe->set("host", hostOf(options));
    pipe->set("port", isPort1 ? mapping.port1 : mapping.port2);
    pipe->set("passcode", isPort1 ? mapping.passcode1 : mapping.passcode2);
    pipe->set("connectioncount", options.connections);
    pipe->set("connections", options.connections);
    pipe->set("localhost", options.localHost);
    pipe->set("localport", options.localPort);
    pipe->set("heartbeatfrequency", options.heartbeatFrequency);
    pipe->set("heartbeatabsencethreshold", options.heartbeatAbsenceThreshold);
    if (!options.proxyProtocol.empty()) pipe->set("proxyprotocol", options.proxyProtocol);
    if (connector.mode() == Mode::Tls)
        pipe->set("cert", readFile(CertificateAuthority::shared().certificateFile()));
    return pipe;
}

AgentProgram::AgentProgram(const ConnectorSetup& connector, const Pipes& pipes, AgentProtocol protocol,
                           std::chrono::milliseconds drainTimeout, const std::vector<std::string>& launcher)
    : _drainTimeout(drainTimeout) {
    const auto file = _folder.write("agent.json", configurationOf(pipes, drainTimeout));
    auto command = launcher;
    for (const auto& word : words(connector, file, protocol))
        command.push_back(word);
    _process.emplace(ChildProcess::Command{command, _folder.path("output.log")});
}

AgentProgram::~AgentProgram() {
    if (_wasKilled) return;
    try {
        if (_process->isRunning())
            BOOST_CHECK_EQUAL(_process->stop(SIGTERM), 0);
        else
            BOOST_ERROR("the agent ended by itself with " << _process->waitForExit());
    } catch (const TimedOut& error) {
        BOOST_ERROR("the agent's SIGTERM: " << error.what());
    }
    BOOST_TEST_MESSAGE("the agent's log:\n" << log());
}

void AgentProgram::reload(const Pipes& pipes) {
    hangUp(configurationOf(pipes, _drainTimeout), "was read again");
}

void AgentProgram::reloadBad(const std::string& configuration) {
    hangUp(configuration, "all pipes stay as they were");
}

void AgentProgram::hangUp(const std::string& configuration, const std::string& expected) {
    const auto logged = log().size();
    _folder.write("agent.json", configuration);
    _process->signal(SIGHUP);
    waitForLog(expected, logged);
}

std::string AgentProgram::log() const {
    return readFile(_folder.path("output.log"));
}

void AgentProgram::waitForLog(const std::string& text, std::size_t from) const {
    waitUntil("\"" + text + "\" in the agent's log",
              [&] { return log().find(text, from) != std::string::npos; });
}

void AgentProgram::kill(int signal) {
    _wasKilled = true;
    _process->signal(signal);
}

} // namespace connector::test
