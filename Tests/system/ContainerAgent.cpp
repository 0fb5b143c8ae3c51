#include "ContainerAgent.h"

namespace connector::test {

ContainerAgent::ContainerAgent(const std::string& address)
    : _daemon("container's agent", command(_folder.path("output.log"), address)) {}

ChildProcess::Command ContainerAgent::command(const std::string& logFile) {
    return {
        {programPath("AGENT_BIN"), "--log-level=debug"}, logFile, {{"SELFNAME", LocalApiServer::kContainer}}};
}

ChildProcess::Command ContainerAgent::command(const std::string& logFile, const std::string& address) {
    auto started = command(logFile);
    started.words.push_back("--iofog=" + address);
    return started;
}

} // namespace connector::test
