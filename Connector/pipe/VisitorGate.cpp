#include "pipe/VisitorGate.h"

#include "base/PeerAddress.h"

#include <algorithm>

namespace connector {

/// A place that is taken. It may outlive the pipe by a moment, so it holds on to the gate.
class VisitorGate::Taken {
  public:
    Taken(std::shared_ptr<VisitorGate> gate, std::string address)
        : _gate(std::move(gate)), _address(std::move(address)) {}
    ~Taken() { _gate->leave(_address); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;

  private:
    const std::shared_ptr<VisitorGate> _gate;
    const std::string _address;
};

std::shared_ptr<VisitorGate> VisitorGate::make(const TrafficLimits& limits, std::size_t most) {
    return std::shared_ptr<VisitorGate>(new VisitorGate(limits, most));
}

void VisitorGate::limit(const TrafficLimits& limits, std::size_t most) {
    const std::lock_guard lock(_mutex);
    _most = most;
    _limits = limits;
}

std::optional<VisitorRefusal> VisitorGate::admit(const Poco::Net::IPAddress& ip, Clock::time_point now,
                                                 Place& place, Room room) {
    auto key = ownerOf(ip);
    const std::lock_guard lock(_mutex);
    if (isDenied(ip)) return VisitorRefusal::Denied;
    if (_addresses.size() >= _forgetAt) forgetIdle(now);
    auto& address = _addresses[key];
    const auto perAddress = *_limits.visitorsPerAddress;
    if (!hasToken(address, now)) return VisitorRefusal::Rate;
    if (perAddress > 0 && address.open >= perAddress) return VisitorRefusal::PerAddress;
    if (_open >= _most && room == Room::AsConfigured) return VisitorRefusal::Share;
    if (*_limits.visitorRate > 0) address.tokens -= 1;
    ++address.open;
    ++_open;
    place = std::make_shared<Taken>(shared_from_this(), std::move(key));
    return std::nullopt;
}

std::string VisitorGate::busierThan(const std::string& other, int newcomers) const {
    const std::lock_guard lock(_mutex);
    const auto most =
        std::max_element(_addresses.begin(), _addresses.end(),
                         [](const auto& a, const auto& b) { return a.second.open < b.second.open; });
    if (most == _addresses.end()) return {};
    const auto found = _addresses.find(other);
    const int others = found == _addresses.end() ? 0 : found->second.open;
    return most->second.open > others + newcomers ? most->first : std::string();
}

bool VisitorGate::isDenied(const Poco::Net::IPAddress& address) const {
    return contain(*_limits.deny, address) || (!_limits.allow->empty() && !contain(*_limits.allow, address));
}

/// A second's worth may come at once. Only who is let in takes one: who is not may be asked for a second
/// time.
bool VisitorGate::hasToken(Address& address, Clock::time_point now) const {
    const double rate = *_limits.visitorRate;
    if (rate <= 0) return true;
    const std::chrono::duration<double> passed = now - address.refilled;
    address.tokens = std::min(rate, address.tokens + passed.count() * rate);
    address.refilled = now;
    return address.tokens >= 1;
}

void VisitorGate::leave(const std::string& key) {
    const std::lock_guard lock(_mutex);
    --_open;
    const auto found = _addresses.find(key);
    if (--found->second.open == 0 && *_limits.visitorRate == 0) _addresses.erase(found);
}

/// Those of which there is nothing left to know: they have nobody here, and a second's worth of tokens again.
void VisitorGate::forgetIdle(Clock::time_point now) {
    std::erase_if(_addresses, [&](const auto& one) {
        return one.second.open == 0 && now - one.second.refilled >= std::chrono::seconds(1);
    });
    _forgetAt = std::max<std::size_t>(1024, 2 * _addresses.size());
}

} // namespace connector
