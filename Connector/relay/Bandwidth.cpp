#include "relay/Bandwidth.h"

#include <algorithm>
#include <limits>

namespace connector {

void Bandwidth::setRate(std::int64_t bytesPerSecond) {
    _rate.store(bytesPerSecond, std::memory_order_relaxed);
    _paidAt.store({}, std::memory_order_relaxed);
}

bool Bandwidth::isFree(Clock::time_point now) const {
    return _rate.load(std::memory_order_relaxed) == 0 ||
           _paidAt.load(std::memory_order_relaxed) <= now.time_since_epoch();
}

std::size_t Bandwidth::turn() const {
    const auto rate = _rate.load(std::memory_order_relaxed);
    if (rate == 0) return std::numeric_limits<std::size_t>::max();
    return static_cast<std::size_t>(static_cast<double>(rate) * std::chrono::duration<double>(kTurn).count());
}

Bandwidth::Clock::time_point Bandwidth::book(Clock::time_point now) {
    const auto before = advance(static_cast<std::int64_t>(turn()), now);
    return Clock::time_point(std::max(before, now.time_since_epoch()));
}

void Bandwidth::spend(std::int64_t bytes, Clock::time_point now) {
    if (bytes != 0) advance(bytes, now);
}

/// Returns when all that came before was paid for.
Bandwidth::Clock::duration Bandwidth::advance(std::int64_t bytes, Clock::time_point now) {
    const auto rate = _rate.load(std::memory_order_relaxed);
    if (rate == 0) return {};
    const std::chrono::duration<double> cost(static_cast<double>(bytes) / static_cast<double>(rate));
    const auto price = std::chrono::duration_cast<Clock::duration>(cost);
    const Clock::duration earliest = now.time_since_epoch() - kBurst;
    auto before = _paidAt.load(std::memory_order_relaxed);
    while (!_paidAt.compare_exchange_weak(before, std::max(before, earliest) + price,
                                          std::memory_order_relaxed)) {
    }
    return before;
}

} // namespace connector
