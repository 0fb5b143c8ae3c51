#pragma once

#include "base/Descriptor.h"
#include "cli/top/Samples.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace connector {

/// Asks a Connector again and again, in a thread of its own, so that keys are answered while it is slow or
/// away. Its methods are for one other thread.
class Poller {
  public:
    /// What came of asking; what is missing was not asked for, or did not come, and then there is a failure.
    struct News {
        std::optional<Snapshot> snapshot;
        std::optional<ConnectionsSample> connections;
        std::string failure;
    };

    /// interval: between two snapshots, the first of which is taken when it has passed once.
    Poller(std::string configurationFile, std::chrono::seconds interval);
    /// Does not wait for a server that does not answer.
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    /// Can be read from when there is news.
    int descriptor() const { return _wakeup.get(); }

    /// What has come since the last time.
    News take();

    /// The mapping whose connections are wanted, at once and with each snapshot; empty for none.
    void wantConnectionsOf(const std::string& id);

  private:
    void run(const std::stop_token& stop);
    /// Waits for the next time. Returns whether it is one for a snapshot.
    bool waitForTurn(const std::stop_token& stop);
    void poll(const std::stop_token& stop, bool withSnapshot);
    News ask(const std::stop_token& stop, bool withSnapshot);
    void publish(News news);

    const std::string _configurationFile;
    const std::chrono::seconds _interval;
    const Descriptor _wakeup;
    std::unique_ptr<ConnectorApi> _api; ///< the thread's; made anew after each failure
    std::mutex _lock;
    std::condition_variable_any _wanted;
    std::string _detailed;
    bool _isNewlyDetailed = false;
    News _news;
    std::chrono::steady_clock::time_point _due;
    std::jthread _thread;
};

} // namespace connector
