#pragma once

#include <cstddef>
#include <vector>

namespace connector {

/// Buffers that streams have emptied, for the next that have something to keep: memory that is given back and
/// asked for again with every piece of a large transfer costs more than the copy. One set for each thread; a
/// buffer may end on another thread than it began on.
class SpareBuffers {
  public:
    static SpareBuffers& ofThread() {
        thread_local SpareBuffers buffers;
        return buffers;
    }

    std::vector<std::byte> take() {
        if (_spare.empty()) return {};
        auto buffer = std::move(_spare.back());
        _spare.pop_back();
        return buffer;
    }

    /// A large one, or one too many, is given back to the system.
    void give(std::vector<std::byte> buffer) {
        if (buffer.capacity() > kLargest || _spare.size() == kMost) return;
        buffer.clear();
        _spare.push_back(std::move(buffer));
    }

  private:
    static constexpr std::size_t kLargest = 256 * 1024;
    static constexpr std::size_t kMost = 16;

    std::vector<std::vector<std::byte>> _spare;
};

} // namespace connector
