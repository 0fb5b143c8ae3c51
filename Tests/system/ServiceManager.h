#pragma once

#include "ChildProcess.h"
#include "Folder.h"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace connector::test {

/// Stands in for systemd: reads what comes to a NOTIFY_SOCKET, at once, as who notifies waits for room in the
/// socket.
class ServiceManager {
  public:
    ServiceManager();
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    /// The command, told to notify this service manager. watchdog: WATCHDOG_USEC; 0 is no watchdog.
    ChildProcess::Command managed(ChildProcess::Command command,
                                  std::chrono::microseconds watchdog = {}) const;

    /// The next message that contains the text; those before it are skipped.
    std::string waitFor(const std::string& text);

    /// How many messages with the text have come, of those that were not taken yet.
    std::size_t count(const std::string& text);

  private:
    void receive();

    Folder _folder;
    int _socket;
    std::mutex _mutex;
    std::vector<std::string> _messages;
    std::thread _receiver;
};

} // namespace connector::test
