#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace connector {

/// How often something has taken how long: a histogram. Any thread; nobody waits for anybody.
class Durations {
  public:
    /// The upper bounds of its classes, in seconds; one more class has no bound.
    static constexpr std::array kBounds{0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0};
    static constexpr std::size_t kClasses = kBounds.size() + 1;

    /// A value.
    struct Snapshot {
        std::array<std::uint64_t, kClasses> counts{}; ///< each class by itself
        std::chrono::microseconds sum{0};

        Snapshot& operator+=(const Snapshot& other) {
            for (std::size_t i = 0; i < kClasses; ++i)
                counts[i] += other.counts[i];
            sum += other.sum;
            return *this;
        }
    };

    void add(std::chrono::steady_clock::duration took) {
        const auto seconds = std::chrono::duration<double>(took).count();
        const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
        _counts[static_cast<std::size_t>(bound - kBounds.begin())].fetch_add(1, std::memory_order_relaxed);
        _sum.fetch_add(std::chrono::duration_cast<std::chrono::microseconds>(took).count(),
                       std::memory_order_relaxed);
    }

    Snapshot snapshot() const {
        Snapshot snapshot;
        for (std::size_t i = 0; i < kClasses; ++i)
            snapshot.counts[i] = _counts[i].load(std::memory_order_relaxed);
        snapshot.sum = std::chrono::microseconds(_sum.load(std::memory_order_relaxed));
        return snapshot;
    }

  private:
    std::array<std::atomic<std::uint64_t>, kClasses> _counts{};
    std::atomic<std::int64_t> _sum{0}; ///< microseconds
};

} // namespace connector
