#include "agent/iofog/AssumedMessages.h"

#include <utility>

namespace connector {

void AssumedMessages::add(BusMessage message) {
    _bytes += message.frame.size();
    _messages.push_back(std::move(message));
    for (; isTooMuch(); ++_forgotten)
        removeOldest();
}

void AssumedMessages::confirmOldest() {
    if (_forgotten > 0)
        --_forgotten;
    else if (!_messages.empty())
        removeOldest();
}

std::vector<BusMessage> AssumedMessages::take() {
    std::vector<BusMessage> messages;
    for (auto& message : _messages)
        if (!message.frame.empty()) messages.push_back(std::move(message));
    clear();
    return messages;
}

void AssumedMessages::removeOldest() {
    _bytes -= _messages.front().frame.size();
    _messages.pop_front();
}

bool AssumedMessages::isTooMuch() const {
    if (_messages.empty()) return false;
    return !_isKeeping || _messages.size() > kMaxMessages || _bytes > kMaxBytes;
}

} // namespace connector
