#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace bench {

/// What the threads of the generator count.
struct Counters {
    std::atomic<std::uint64_t> bytes{0};    ///< received at either side
    std::atomic<std::uint64_t> turns{0};    ///< round trips, or visits
    std::atomic<std::uint64_t> failures{0}; ///< connections that ended or were refused out of turn
    std::atomic<int> ready{0};              ///< connections that have had their first byte through
    std::atomic<int> agents{0};             ///< authorized
    std::atomic<bool> measuring{false};
};

/// How long round trips took. Written by one thread, read when that thread has ended.
class Latencies {
  public:
    void record(std::chrono::nanoseconds took);

    /// In microseconds; share: 0.99 for p99. 0 when nothing was recorded.
    double percentile(double share);

  private:
    std::vector<float> _microseconds;
};

/// CPU seconds that the threads of these processes have used.
double cpuSeconds(const std::vector<int>& processes);

} // namespace bench
