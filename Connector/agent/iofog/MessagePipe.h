#pragma once

#include "agent/SlotPipe.h"
#include "agent/iofog/MessageBus.h"
#include "agent/iofog/MessageConnection.h"

#include <atomic>
#include <map>
#include <memory>
#include <vector>

namespace connector {

/// A pipe of ioFog's private mode: it carries ioMessages between the node's message bus and another node's.
class MessagePipe final : public SlotPipe, private MessageConnection::Owner, private MessageQueue::Watcher {
  public:
    /// A message is sent on so many connections at the most, when each ends before it is acknowledged.
    static constexpr int kMaxLosses = 5;

    /// bus must outlive the pipe. tls: null for plain TCP.
    MessagePipe(PipeEnvironment& environment, const AgentPipeSettings& settings,
                const Poco::Net::Context::Ptr& tls, MessageBus& bus);
    ~MessagePipe() override;

  private:
    void startLocal() override;
    void stopLocal() override;
    void onAvailable(Slot& slot) override;
    void onPayload(Slot& slot) override;
    void onUnavailable(Slot&) override {}
    void onFree() override { onQueueChanged(); }
    bool onMessage(std::string& message) override;
    void onDamage(const std::string& what) override;
    void onOver(MessageConnection& connection, const std::string& why) override;
    void onQueueChanged() override;
    void takeOver(Slot& slot);
    void workQueues();
    void recover(MessageConnection& connection);
    void giveBack(BusMessage message);
    void warn(const std::string& what);

    struct Taken {
        Slot* slot;
        std::unique_ptr<MessageConnection> connection;
    };

    MessageBus& _bus;
    std::vector<Taken> _taken;
    bool _peerAcknowledges = false; ///< as its connections have shown
    std::atomic<bool> _isWorkPosted{false};
};

} // namespace connector
