#pragma once

#include "app/Server.h"
#include "base/DescriptorChannel.h"

#include <memory>
#include <string>
#include <sys/types.h>

namespace connector {

/// How a process takes the place of the one that has started it for that (Upgrade). The words that the two
/// exchange are in this class: hello; sockets and lock, each message answered by taken; open; ready; go;
/// serving; main. Or failed, and why.
class Takeover {
  public:
    /// Where the environment has it, the descriptor of the channel to the former process.
    static constexpr const char* kVariable = "IOFOG_CONNECTOR_TAKEOVER";
    /// Another one when what is exchanged changes.
    static constexpr const char* kHello = "hello 1 ";
    static constexpr const char* kSockets = "sockets";
    static constexpr const char* kLock = "lock";
    static constexpr const char* kTaken = "taken";
    static constexpr const char* kOpen = "open";
    static constexpr const char* kReady = "ready";
    static constexpr const char* kGo = "go";
    static constexpr const char* kServing = "serving";
    static constexpr const char* kMain = "main";
    static constexpr const char* kFailed = "failed ";

    /// Null in a process that was not started for that. Before the first thread: the process becomes nobody's
    /// child, so that the service manager hears of its end, and not the former process.
    static std::unique_ptr<Takeover> begin();

    /// Says that this process could be started, and waits for what the other one hands over; all functions
    /// throw ChannelClosed when that has given up.
    Inheritance receive();

    /// Says that the mappings are opened, and waits until the other process wants them to be served.
    void waitForGo();

    /// Says that they are, and waits until this is the service's main process.
    void confirm();

    /// Says why this process is about to end.
    void fail(const std::string& reason);

    pid_t formerProcess() const { return _formerProcess; }

  private:
    Takeover(Descriptor channel, pid_t formerProcess);

    void waitForNext();

    DescriptorChannel _channel;
    const pid_t _formerProcess;
};

} // namespace connector
