#pragma once

#include "app/Server.h"
#include "base/DescriptorChannel.h"

#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <vector>

namespace connector {

/// How a process takes the place of the one that has started it for that (Upgrade). The words that the two
/// exchange are in this class: hello; sockets, front, lock and former, each message answered by taken; open;
/// ready; go; serving; main; then removed, and which mapping, for each; stop. Or failed, and why.
class Takeover {
  public:
    /// Where the environment has it, the descriptor of the channel to the former process.
    static constexpr const char* kVariable = "IOFOG_CONNECTOR_TAKEOVER";
    /// Another one when what is exchanged changes.
    static constexpr const char* kHello = "hello 1 ";
    static constexpr const char* kSockets = "sockets";
    /// Followed by the peer of each connection to the front, or by what is set before it and the proxy that
    /// has yet to send a header.
    static constexpr const char* kFront = "front";
    static constexpr const char* kProxy = "proxy=";
    static constexpr const char* kLock = "lock";
    static constexpr const char* kFormer = "former";
    static constexpr const char* kTaken = "taken";
    static constexpr const char* kOpen = "open";
    static constexpr const char* kReady = "ready";
    static constexpr const char* kGo = "go";
    static constexpr const char* kServing = "serving";
    static constexpr const char* kMain = "main";
    static constexpr const char* kRemoved = "removed ";
    static constexpr const char* kStop = "stop";
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

    /// A mapping was removed, and with it what former processes still have of it: they are told after
    /// confirm(). Waits for nothing; any thread.
    void tellRemoved(const std::string& id);

    /// After confirm(): the service is stopped, and with it the former processes. Waits for nothing.
    void tellStop();

    /// The channels to the former processes that have not ended, for the next one. They stay this object's.
    std::vector<int> channels() const;

    /// Says why this process is about to end.
    void fail(const std::string& reason);

    pid_t formerProcess() const { return _formerProcess; }

  private:
    Takeover(Descriptor channel, pid_t formerProcess);

    void waitForNext();
    void offer(const std::string& text);

    DescriptorChannel _channel;
    std::vector<DescriptorChannel> _earlier; ///< to processes that were replaced before, and may have ended
    const pid_t _formerProcess;
    std::mutex _mutex; ///< of what follows
    bool _isConfirmed = false;
    std::vector<std::string> _removed; ///< before that
};

} // namespace connector
