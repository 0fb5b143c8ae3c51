#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace connector {

/// How fast bytes may go that many relays receive on many loops: a token bucket with a queue. Who comes while
/// it is empty books a turn, and is told when that begins; so all get as much, and nobody has to ask twice.
/// It may be overdrawn by what one reading brings: nothing has to be held back once it was read. Any thread,
/// and without a lock.
class Bandwidth {
  public:
    using Clock = std::chrono::steady_clock;

    /// So much time's worth may go at once after a pause.
    static constexpr std::chrono::milliseconds kBurst{50};
    /// So much of it is a turn.
    static constexpr std::chrono::milliseconds kTurn{20};

    /// A turn that was booked.
    struct Turn {
        std::size_t bytes = 0; ///< what was booked; 0: none is
        Clock::time_point begins;
        Clock::duration overdrawn{}; ///< by all, when `begins` was last right
    };

    /// bytesPerSecond: 0: as fast as can be. Turns that were booked are void, unless the rate is as before.
    void setRate(std::int64_t bytesPerSecond);

    std::int64_t rate() const { return _rate.load(std::memory_order_relaxed); }

    /// Whether something may be received without a turn.
    bool isFree(Clock::time_point now) const;

    /// The most that should be received at once.
    std::size_t turn() const;

    /// Books a turn.
    Turn book(Clock::time_point now);

    /// Whether a turn has begun. Its beginning is put off by what others have overdrawn meanwhile.
    bool hasBegun(Turn& turn, Clock::time_point now) const;

    /// So many bytes have been received; less than 0: so many that were booked have not been.
    void spend(std::int64_t bytes, Clock::time_point now);

  private:
    Clock::duration priceOf(std::int64_t bytes) const;
    Clock::duration advance(std::int64_t bytes, Clock::time_point now);

    std::atomic<std::int64_t> _rate{0};
    /// When what was spent and booked is paid for, in the time of Clock; the past, if nothing is owed.
    std::atomic<Clock::duration> _paidAt{};
    /// What was spent without having been booked, ever, in time.
    std::atomic<Clock::duration> _overdrawn{};
};

} // namespace connector
