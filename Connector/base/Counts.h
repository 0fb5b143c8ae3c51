#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace connector {

/// How often each of some kinds of things has happened. Kind: an enum class whose values are 0 to kKinds - 1.
/// Any thread.
template <class Kind, std::size_t kKinds>
class Counts {
  public:
    using Values = std::array<std::uint64_t, kKinds>; ///< by Kind

    void add(Kind kind) { _counts[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed); }

    Values values() const {
        Values values;
        for (std::size_t i = 0; i < kKinds; ++i)
            values[i] = _counts[i].load(std::memory_order_relaxed);
        return values;
    }

  private:
    std::array<std::atomic<std::uint64_t>, kKinds> _counts{};
};

} // namespace connector
