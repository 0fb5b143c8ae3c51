#include "Direction.h"

#include <algorithm>
#include <span>

namespace bench {

Direction::Direction(Tun& from, Tun& to, Clock::duration roundTrip, double rate)
    : _from(from), _to(to), _roundTrip(roundTrip), _rate(rate) {}

void Direction::take() {
    for (int i = 0; i < kPacketsAtOnce; ++i) {
        const auto length = _from.read(_scratch);
        if (length == 0) return;
        const auto now = Clock::now();
        const auto leaves = std::max(now, _isFree);
        if (leaves - now > _roundTrip) continue;
        const std::chrono::duration<double> sending(static_cast<double>(length) / _rate);
        _isFree = leaves + std::chrono::duration_cast<Clock::duration>(sending);
        const std::span<const char> bytes(_scratch.data(), length);
        _packets.push_back({_isFree + _roundTrip / 2, std::vector<char>(bytes.begin(), bytes.end())});
    }
}

void Direction::deliver() {
    const auto now = Clock::now();
    while (!_packets.empty() && _packets.front().arrives <= now) {
        _to.write(_packets.front().bytes);
        _packets.pop_front();
    }
}

std::optional<Direction::Clock::time_point> Direction::next() const {
    if (_packets.empty()) return {};
    return _packets.front().arrives;
}

} // namespace bench
