#pragma once

#include "Daemon.h"
#include "Folder.h"
#include "LocalApiServer.h"

#include <string>

namespace connector::test {

/// A running iofog-connector-agent --iofog.
class ContainerAgent {
  public:
    /// address: of the local API.
    explicit ContainerAgent(const std::string& address);
    explicit ContainerAgent(const LocalApiServer& api) : ContainerAgent(api.address()) {}

    Daemon& daemon() { return _daemon; }

    /// The command, to which arguments may be added.
    static ChildProcess::Command command(const std::string& logFile);

  private:
    static ChildProcess::Command command(const std::string& logFile, const std::string& address);

    Folder _folder;
    Daemon _daemon;
};

} // namespace connector::test
