#pragma once

#include "app/Configuration.h"
#include "base/Logging.h"

#include <string>

namespace connector {

class Server;

/// Has a running server work by its configuration as it is now in the file. One thread.
class Reload {
  public:
    /// configuration: what the server works by; it becomes what it works by then. All must outlive this.
    /// isDaemon: without log.file the log is beside the database.
    Reload(Configuration& configuration, Server& server, Logging& logging, bool isDaemon);

    /// Everything is checked first: what is wrong changes nothing. The log and the API's status tell what was
    /// changed, what is kept until a restart, or what is wrong. Returns the same for the service manager's
    /// status, "" for nothing. Never throws.
    std::string run(const std::string& file);

  private:
    void apply(const std::string& file);
    std::string refuse(const std::string& why);

    Configuration& _configuration;
    Server& _server;
    Logging& _logging;
    const bool _isDaemon;
};

} // namespace connector
