#pragma once

#include <atomic>
#include <cstddef>

namespace connector {

/// The bytes that all connections of the process keep in memory, of which there should not be more than so
/// many. Any thread.
class BufferedBytes {
  public:
    explicit BufferedBytes(std::size_t most) : _most(most) {}

    void limit(std::size_t most) { _most.store(most, std::memory_order_relaxed); }

    void add(std::size_t bytes) { _bytes.fetch_add(bytes, std::memory_order_relaxed); }
    void remove(std::size_t bytes) { _bytes.fetch_sub(bytes, std::memory_order_relaxed); }

    std::size_t count() const { return _bytes.load(std::memory_order_relaxed); }

    /// Whoever can keep less has to.
    bool areTooMany() const {
        return _bytes.load(std::memory_order_relaxed) >= _most.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::size_t> _most;
    std::atomic<std::size_t> _bytes{0};
};

} // namespace connector
