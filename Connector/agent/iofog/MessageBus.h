#pragma once

#include "agent/Backoff.h"
#include "agent/iofog/Interruption.h"
#include "agent/iofog/LocalApi.h"
#include "agent/iofog/LocalSocket.h"
#include "agent/iofog/MessageQueue.h"
#include "agent/iofog/RepetitionFilter.h"

#include <Poco/Logger.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

namespace connector {

/// The node's message bus as one container sees it, by the local API's message socket. Two threads carry
/// messages between the socket and two queues: one receives and acknowledges, one sends. When the queue of
/// what was received is full, the socket isn't read. What the API hasn't confirmed when the socket breaks is
/// sent again on the next one.
class MessageBus {
  public:
    /// As many as that, or so many bytes, of what was sent are kept until the API confirms them; what is
    /// older counts as confirmed.
    static constexpr std::size_t kMaxUnconfirmed = 100;
    static constexpr std::size_t kMaxUnconfirmedBytes = 16 * 1024 * 1024;

    /// api must outlive it.
    explicit MessageBus(const LocalApi& api);

    /// Stops it; what it still holds is logged, as it is lost.
    ~MessageBus();

    MessageBus(const MessageBus&) = delete;
    MessageBus& operator=(const MessageBus&) = delete;

    /// Connects, unless it has done so already: from then on the bus sends this container its messages.
    /// start() and stop() on one thread.
    void start();

    /// Disconnects. The queues keep what they hold.
    void stop();

    /// What has come from the bus.
    MessageQueue& received() { return _received; }

    /// What shall go to the bus.
    MessageQueue& toSend() { return _toSend; }

    const std::string& containerId() const { return _api.containerId(); }

  private:
    void receive();
    void receiveFrom(LocalSocket& socket);
    void accept(LocalSocket& socket, std::string frame);
    void send();
    void use(std::shared_ptr<LocalSocket> socket);
    std::shared_ptr<LocalSocket> awaitSocket(const std::shared_ptr<LocalSocket>& broken);
    bool keep(const BusMessage& message, const std::shared_ptr<LocalSocket>& socket);
    void confirmOldest();
    void forgetOldest();
    void sendUnconfirmedAgain();
    void logLost(MessageQueue& queue, const std::string& where);

    const LocalApi& _api;
    Poco::Logger& _log;
    MessageQueue _received;
    MessageQueue _toSend;
    std::minstd_rand _random{std::random_device()()};
    Backoff _backoff{_random};
    RepetitionFilter _repetitions;
    std::optional<Interruption> _interruption;
    std::mutex _mutex;
    std::condition_variable _changed;
    std::shared_ptr<LocalSocket> _socket; ///< null while there is none
    std::deque<BusMessage> _unconfirmed;  ///< sent on that socket, the oldest first
    std::size_t _unconfirmedBytes = 0;
    bool _isStopped = true;
    std::thread _receiver;
    std::thread _sender;
};

} // namespace connector
