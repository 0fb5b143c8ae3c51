#pragma once

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Message.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

namespace connector {

/// Hands log lines to another channel on a thread of its own, so that a slow disk stops no event loop. When
/// the queue is full, lines are left out until there is room again, and then one line says how many. Any
/// thread.
///
/// Poco::AsyncChannel has such a limit, too, but in POCO 1.11 it counts what it drops without a lock, so that
/// the number is wrong as soon as two threads log; it reports it at the level of the line that comes next;
/// and its close() takes 100 ms.
class QueuedChannel : public Poco::Channel {
  public:
    /// limit: the most lines that may wait.
    QueuedChannel(Poco::AutoPtr<Poco::Channel> target, std::size_t limit);

    void log(const Poco::Message& message) override;

    /// Writes what still waits, and ends. Later lines are lost.
    void close() override;

  protected:
    ~QueuedChannel() override;

  private:
    void run();

    Poco::AutoPtr<Poco::Channel> _target;
    const std::size_t _limit;
    std::mutex _mutex;
    std::condition_variable _changed;
    std::deque<Poco::Message> _waiting;
    std::size_t _leftOut = 0;
    bool _closing = false;
    std::thread _thread;
};

} // namespace connector
