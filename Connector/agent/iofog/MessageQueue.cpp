#include "agent/iofog/MessageQueue.h"

#include <utility>

namespace connector {

void MessageQueue::watch(Watcher* watcher) {
    const std::lock_guard lock(_mutex);
    _watcher = watcher;
}

bool MessageQueue::put(BusMessage message) {
    std::unique_lock lock(_mutex);
    _changed.wait(lock, [&] { return _isClosed || hasRoomFor(message); });
    add(std::move(message), false);
    return !_isClosed;
}

bool MessageQueue::offer(BusMessage& message) {
    const std::lock_guard lock(_mutex);
    if (!hasRoomFor(message)) return false;
    add(std::move(message), false);
    return true;
}

void MessageQueue::putFirst(BusMessage message) {
    const std::lock_guard lock(_mutex);
    add(std::move(message), true);
}

std::optional<BusMessage> MessageQueue::await() {
    std::unique_lock lock(_mutex);
    _changed.wait(lock, [&] { return _isClosed || !_messages.empty(); });
    if (_isClosed) return std::nullopt;
    return removeFirst();
}

std::optional<BusMessage> MessageQueue::take() {
    const std::lock_guard lock(_mutex);
    if (_messages.empty()) return std::nullopt;
    return removeFirst();
}

void MessageQueue::close() {
    const std::lock_guard lock(_mutex);
    _isClosed = true;
    _changed.notify_all();
}

void MessageQueue::open() {
    const std::lock_guard lock(_mutex);
    _isClosed = false;
}

bool MessageQueue::hasRoomFor(const BusMessage& message) const {
    return _messages.empty() ||
           (_messages.size() < kMaxMessages && _bytes + message.frame.size() <= kMaxBytes);
}

void MessageQueue::add(BusMessage message, bool isFirst) {
    _bytes += message.frame.size();
    if (isFirst)
        _messages.push_front(std::move(message));
    else
        _messages.push_back(std::move(message));
    _changed.notify_all();
    if (_watcher) _watcher->onQueueChanged();
}

BusMessage MessageQueue::removeFirst() {
    auto message = std::move(_messages.front());
    _messages.pop_front();
    _bytes -= message.frame.size();
    _changed.notify_all();
    if (_watcher) _watcher->onQueueChanged();
    return message;
}

} // namespace connector
