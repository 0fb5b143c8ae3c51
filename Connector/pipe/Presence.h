#pragma once

#include "base/Timestamp.h"

#include <atomic>

namespace connector {

/// How many of a kind are there, and when one last was. Any thread.
class Presence {
  public:
    int count() const { return _count.load(std::memory_order_acquire); }

    void enter() { _count.fetch_add(1, std::memory_order_relaxed); }

    /// True when it was the last one.
    bool leave() {
        _lastLeft.store(timestampNow(), std::memory_order_relaxed);
        return _count.fetch_sub(1, std::memory_order_release) == 1;
    }

    /// Now, while one is there; 0 when none ever was.
    Poco::Int64 lastThere() const {
        return count() > 0 ? timestampNow() : _lastLeft.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<int> _count{0};
    std::atomic<Poco::Int64> _lastLeft{0};
};

} // namespace connector
