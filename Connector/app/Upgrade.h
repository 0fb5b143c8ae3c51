#pragma once

#include "app/Server.h"
#include "base/DescriptorChannel.h"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

namespace connector {

/// No new process serves; what() says why, and this one goes on.
class UpgradeFailed : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Replaces this process by a new one of the program as it is installed now (Takeover is the other side). Up
/// to the moment when the new one serves, this one does, and goes on whatever becomes of the new one.
class Upgrade {
  public:
    /// words: the command line. patience: until the new process serves. former: Takeover::channels().
    Upgrade(Server& server, std::string program, std::vector<std::string> words,
            std::chrono::milliseconds patience, std::vector<int> former);

    /// Returns the new process when it serves and this one doesn't any more, but for its relays. Gives up
    /// when SIGTERM or SIGINT is pending. Throws UpgradeFailed.
    pid_t run();

    /// What the new process has to say when it serves.
    struct News {
        bool isToStop = false;
        std::string removed; ///< the id of a mapping
    };

    /// After run(): the next of that, or nothing within that time.
    News next(std::chrono::milliseconds patience);

    /// The service manager knows the new process for the service's main one.
    void confirm();

  private:
    using Clock = std::chrono::steady_clock;

    void launch();
    void handOver();
    void exchange();
    void send(const char* what, const std::vector<int>& descriptors);
    void sendFrontConnections();
    void endNewProcess();
    void goOn(const std::string& reason);
    std::string receive();
    void expect(const std::string& word);

    Server& _server;
    const std::string _program;
    const std::vector<std::string> _words;
    const Clock::time_point _deadline;
    const std::vector<int> _former;
    std::optional<DescriptorChannel> _channel;
    pid_t _process = -1; ///< the new one, when it has said so
    Descriptor _newProcess{-1};
};

} // namespace connector
