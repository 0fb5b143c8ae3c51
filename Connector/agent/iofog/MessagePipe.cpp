#include "agent/iofog/MessagePipe.h"

#include "agent/iofog/IoMessage.h"

#include <Poco/Format.h>

#include <algorithm>
#include <utility>

namespace connector {

namespace {

std::string_view withoutHeader(const BusMessage& message) {
    return std::string_view(message.frame).substr(kIoMessageHeader);
}

} // namespace

MessagePipe::MessagePipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                         const Poco::Net::Context::Ptr& tls, MessageBus& bus)
    : SlotPipe(environment_, settings, tls), _bus(bus) {}

MessagePipe::~MessagePipe() = default;

void MessagePipe::startLocal() {
    _bus.received().watch(this);
    _bus.toSend().watch(this);
}

void MessagePipe::stopLocal() {
    _bus.received().watch(nullptr);
    _bus.toSend().watch(nullptr);
    // What is not known to have arrived goes back for the next pipe, or into the log at the end.
    for (const auto& taken : _taken)
        recover(*taken.connection);
    _taken.clear();
}

void MessagePipe::onAvailable(Slot& slot) {
    takeOver(slot);
}

void MessagePipe::onPayload(Slot& slot) {
    takeOver(slot);
}

void MessagePipe::takeOver(Slot& slot) {
    auto& connection = *_taken
                            .emplace_back(Taken{&slot, std::make_unique<MessageConnection>(
                                                           loop(), slot.take(),
                                                           static_cast<MessageConnection::Owner&>(*this),
                                                           _peerAcknowledges)})
                            .connection;
    connection.start();
    onQueueChanged(); // it may be over: the next turn finds out whether it is free
}

bool MessagePipe::onMessage(std::string& message) {
    const auto parsed = IoMessage::parse(message);
    if (!parsed) {
        warn(Poco::format("%z bytes from the other side were no ioMessage of version 4", message.size()));
        return true;
    }
    BusMessage toBus{framed(parsed->publishedBy(_bus.containerId()))};
    return _bus.toSend().offer(toBus);
}

void MessagePipe::onDamage(const std::string& what) {
    warn("left out what came from the other side: " + what);
}

void MessagePipe::onOver(MessageConnection& connection, const std::string& why) {
    const auto taken = std::find_if(_taken.begin(), _taken.end(),
                                    [&](const Taken& one) { return one.connection.get() == &connection; });
    auto& slot = *taken->slot;
    recover(connection);
    const bool wasUsed = connection.wasUsed();
    loop().destroyLater(std::move(taken->connection)); // it is the one that is calling
    _taken.erase(taken);
    if (wasUsed)
        slot.dial();
    else
        slot.lose(why);
}

/// What a connection that is over hasn't delivered goes back to where it came from, in its order.
void MessagePipe::recover(MessageConnection& connection) {
    if (connection.forgotten() > 0)
        warn(
            Poco::format("a connection has ended, and %z messages that were sent on it are not known to have "
                         "arrived: the other side acknowledged none",
                         connection.forgotten()));
    auto messages = connection.takeBack();
    for (auto message = messages.rbegin(); message != messages.rend(); ++message)
        giveBack(std::move(*message));
}

void MessagePipe::giveBack(BusMessage message) {
    if (++message.losses < kMaxLosses) return _bus.received().putFirst(std::move(message));
    warn(Poco::format("%s is lost: %d connections ended before it was acknowledged",
                      nameOf(withoutHeader(message)), kMaxLosses));
}

/// However many changes there are meanwhile, one turn sees them all.
void MessagePipe::onQueueChanged() {
    if (_isWorkPosted.exchange(true)) return;
    loop().post([this] {
        _isWorkPosted = false;
        workQueues();
    });
}

void MessagePipe::workQueues() {
    std::vector<MessageConnection*> connections;
    for (const auto& taken : _taken)
        connections.push_back(taken.connection.get());
    const auto isThere = [&](const MessageConnection* connection) {
        return std::any_of(_taken.begin(), _taken.end(),
                           [&](const Taken& one) { return one.connection.get() == connection; });
    };
    for (auto* connection : connections) {
        if (isThere(connection)) connection->resume();
        if (!isThere(connection) || !connection->isFree()) continue;
        if (auto message = _bus.received().take()) connection->send(std::move(*message));
    }
}

void MessagePipe::warn(const std::string& what) {
    environment().logs().messages.write(name(), what, [&] { return name() + ": " + what; });
}

} // namespace connector
