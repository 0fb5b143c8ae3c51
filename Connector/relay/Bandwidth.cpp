#include "relay/Bandwidth.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace connector {

void Bandwidth::setRate(std::int64_t bytesPerSecond) {
    if (_rate.exchange(bytesPerSecond, std::memory_order_relaxed) == bytesPerSecond) return;
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

auto Bandwidth::book(Clock::time_point now) -> Turn {
    const auto overdrawn = _overdrawn.load(std::memory_order_relaxed);
    const auto bytes = turn();
    const auto before = advance(static_cast<std::int64_t>(bytes), now);
    return {bytes, Clock::time_point(std::max(before, now.time_since_epoch())), overdrawn};
}

bool Bandwidth::hasBegun(Turn& turn, Clock::time_point now) const {
    if (turn.begins > now) return false;
    const auto overdrawn = _overdrawn.load(std::memory_order_relaxed);
    turn.begins += overdrawn - std::exchange(turn.overdrawn, overdrawn);
    return turn.begins <= now;
}

void Bandwidth::spend(std::int64_t bytes, Clock::time_point now) {
    if (bytes == 0) return;
    advance(bytes, now);
    if (bytes < 0) return;
    const auto price = priceOf(bytes);
    auto before = _overdrawn.load(std::memory_order_relaxed);
    while (!_overdrawn.compare_exchange_weak(before, before + price, std::memory_order_relaxed)) {
    }
}

Bandwidth::Clock::duration Bandwidth::priceOf(std::int64_t bytes) const {
    const auto rate = _rate.load(std::memory_order_relaxed);
    if (rate == 0) return {};
    const std::chrono::duration<double> cost(static_cast<double>(bytes) / static_cast<double>(rate));
    return std::chrono::duration_cast<Clock::duration>(cost);
}

/// Returns when all that came before was paid for.
Bandwidth::Clock::duration Bandwidth::advance(std::int64_t bytes, Clock::time_point now) {
    const auto price = priceOf(bytes);
    if (price == Clock::duration::zero()) return {};
    const Clock::duration earliest = now.time_since_epoch() - kBurst;
    auto before = _paidAt.load(std::memory_order_relaxed);
    while (!_paidAt.compare_exchange_weak(before, std::max(before, earliest) + price,
                                          std::memory_order_relaxed)) {
    }
    return before;
}

} // namespace connector
