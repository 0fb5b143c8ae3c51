#pragma once

#include "model/TrafficLimits.h"
#include "relay/Bandwidth.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace connector {

/// What the relays of one pipe carry together, and may carry. Index 0: what comes in at port1, 1: at port2.
/// Any thread.
class PipeTraffic {
  public:
    /// limits: with idle and bandwidth given. True when the bandwidth is another one than before.
    bool limit(const TrafficLimits& limits) {
        _idle.store(*limits.relayIdle, std::memory_order_relaxed);
        const bool isOther = bandwidth[0].rate() != *limits.bandwidth;
        for (auto& one : bandwidth)
            one.setRate(*limits.bandwidth);
        return isOther;
    }

    /// How long a relay may carry nothing; 0: for ever.
    std::chrono::milliseconds idle() const { return _idle.load(std::memory_order_relaxed); }

    /// Payload, of the relays that are over, too.
    std::array<std::atomic<std::uint64_t>, 2> bytes{};
    std::array<Bandwidth, 2> bandwidth;

  private:
    std::atomic<std::chrono::milliseconds> _idle{};
};

} // namespace connector
