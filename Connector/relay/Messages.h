#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace connector {

/// Payload that is held until it can be sent, in the messages that it came in. A value.
class Messages {
  public:
    Messages() = default;
    explicit Messages(std::span<const std::byte> message) {
        if (!message.empty()) add(message);
    }

    void add(std::span<const std::byte> message) {
        _bytes.insert(_bytes.end(), message.begin(), message.end());
        _lengths.push_back(static_cast<std::uint32_t>(message.size()));
    }

    bool empty() const { return _bytes.empty(); }

    /// What they take in memory: messages may be as short as a byte.
    std::size_t footprint() const { return _bytes.size() + _lengths.size() * sizeof(std::uint32_t); }

    /// All of them, one behind the other.
    std::span<const std::byte> bytes() const { return _bytes; }
    std::span<const std::uint32_t> lengths() const { return _lengths; }

  private:
    std::vector<std::byte> _bytes;
    std::vector<std::uint32_t> _lengths;
};

} // namespace connector
