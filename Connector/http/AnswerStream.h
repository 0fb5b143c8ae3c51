#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace connector {

/// What follows the head of an answer that goes on for as long as its client listens. It keeps no thread: its
/// connection's event loop asks for what is to be sent when the client has taken all that there was.
class AnswerStream {
  public:
    virtual ~AnswerStream() = default;

    /// The head is sent. onMore: to be called, on any thread, when next() has something again after it had
    /// nothing. On the loop's thread, once.
    virtual void start(std::function<void()> onMore) = 0;

    /// What comes next; "" when there is nothing now. Nothing at all when it is over. On the loop's thread.
    virtual std::optional<std::string> next() = 0;

    /// What is sent when nothing else was for heartbeatTime(), to find out whether the client is still there.
    virtual std::string heartbeat() const = 0;
    virtual std::chrono::milliseconds heartbeatTime() const = 0;
};

} // namespace connector
