#include "base/QueuedChannel.h"

#include <utility>

namespace connector {

QueuedChannel::QueuedChannel(Poco::AutoPtr<Poco::Channel> target, std::size_t limit)
    : _target(std::move(target)), _limit(limit), _thread([this] { run(); }) {}

QueuedChannel::~QueuedChannel() {
    close();
}

void QueuedChannel::log(const Poco::Message& message) {
    const std::lock_guard lock(_mutex);
    if (_closing) return;
    if (_waiting.size() >= _limit) {
        ++_leftOut;
        return;
    }
    if (const auto leftOut = std::exchange(_leftOut, 0))
        _waiting.emplace_back(message.getSource(),
                              std::to_string(leftOut) +
                                  " lines were left out: the log could not be written in time",
                              Poco::Message::PRIO_WARNING);
    _waiting.push_back(message);
    _changed.notify_one();
}

void QueuedChannel::close() {
    {
        const std::lock_guard lock(_mutex);
        _closing = true;
        _changed.notify_one();
    }
    if (_thread.joinable()) _thread.join();
}

void QueuedChannel::run() {
    std::unique_lock lock(_mutex);
    for (;;) {
        _changed.wait(lock, [this] { return _closing || !_waiting.empty(); });
        if (_waiting.empty()) return;
        auto lines = std::exchange(_waiting, {});
        lock.unlock();
        for (const auto& line : lines)
            _target->log(line);
        lock.lock();
    }
}

} // namespace connector
