#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace connector {

/// Bytes that were received in one system call, to be looked at in smaller pieces. It takes memory only while
/// it holds something, and the last buffer that a thread has emptied is the next one it fills.
class ReadAhead {
  public:
    /// Four of the largest TLS records; more gained nothing.
    static constexpr std::size_t kSize = 64 * 1024;

    ReadAhead() = default;
    ~ReadAhead() { release(); }

    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    bool isEmpty() const { return _begin == _end; }

    /// Where to receive into, while it is empty; filled() must follow.
    std::span<std::byte> room();
    void filled(std::size_t bytes);

    /// Moves out as many bytes as there are, or as there is room for.
    std::size_t take(std::span<std::byte> into);

  private:
    using Buffer = std::array<std::byte, kSize>;
    static thread_local std::unique_ptr<Buffer> _spare;

    void release();

    std::unique_ptr<Buffer> _buffer;
    std::size_t _begin = 0;
    std::size_t _end = 0;
};

} // namespace connector
