#pragma once

#include "Tun.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace bench {

/// One way of the line: packets leave in order, no faster than its rate, and arrive after half of a round
/// trip.
class Direction {
  public:
    using Clock = std::chrono::steady_clock;

    /// From one device to the other, which must outlive it; rate in bytes a second.
    Direction(Tun& from, Tun& to, Clock::duration roundTrip, double rate);

    /// Takes the packets that are to be sent now. A packet that would wait for more than a round trip before
    /// it leaves is dropped: a usual size for a router's queue, in which one connection can fill the line.
    void take();

    /// Hands over those whose time has come.
    void deliver();

    /// When the next one arrives; empty: none is under way.
    std::optional<Clock::time_point> next() const;

  private:
    struct Packet {
        Clock::time_point arrives;
        std::vector<char> bytes;
    };

    /// Then the other way has its turn.
    static constexpr int kPacketsAtOnce = 64;

    Tun& _from;
    Tun& _to;
    const Clock::duration _roundTrip;
    const double _rate;
    Clock::time_point _isFree; ///< when the last of the packets has left
    std::deque<Packet> _packets;
    std::vector<char> _scratch = std::vector<char>(Tun::kMaxPacket);
};

} // namespace bench
