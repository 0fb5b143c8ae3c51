#pragma once

#include "agent/PipeWatcher.h"
#include "base/QueuedChannel.h"

#include <Poco/AutoPtr.h>
#include <Poco/Logger.h>

#include <csignal>
#include <map>
#include <mutex>
#include <string>

namespace connector {

/// Prints what visitors do, a line each on standard output, and tells the main thread of lost connections. A
/// thread of its own prints, so that nobody who reads slowly stops an event loop.
class ExposeWatcher final : public PipeWatcher {
  public:
    /// What the process is sent when a connection was lost.
    static constexpr int kSignal = SIGUSR1;

    ExposeWatcher();
    ~ExposeWatcher();
    ExposeWatcher(const ExposeWatcher&) = delete;
    ExposeWatcher& operator=(const ExposeWatcher&) = delete;

    /// A line of standard output. Any thread.
    void print(const std::string& line);

    /// Whether Connector has said that the passcode is wrong, and must know. Any thread.
    bool isDisowned();

    void onVisitor(const std::string& visitor) override;
    void onVisitorGone(const Relay& relay) override;
    void onNoTarget(const std::string& visitor, const std::string& why) override;
    void onConnected() override;
    void onNotConnected(const std::string& address, const std::string& why) override;

  private:
    Poco::Logger& _log;
    Poco::AutoPtr<QueuedChannel> _lines;
    std::mutex _mutex; ///< for what follows
    bool _wasConnected = false;
    bool _wasLost = false;
    std::map<std::string, int> _wrongPasscodes; ///< by address, since a connection was there
};

} // namespace connector
