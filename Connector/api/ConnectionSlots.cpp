#include "api/ConnectionSlots.h"

#include "net/PeerAddress.h"

namespace connector {

ConnectionSlots::Slot::Slot(ConnectionSlots& slots, std::string owner)
    : _slots(&slots), _owner(std::move(owner)) {}

ConnectionSlots::Slot::Slot(Slot&& other) noexcept : _slots(other._slots), _owner(std::move(other._owner)) {
    other._slots = nullptr;
}

ConnectionSlots::Slot::~Slot() {
    if (_slots) _slots->giveBack(_owner);
}

ConnectionSlots::ConnectionSlots(int perAddress) : _perAddress(perAddress) {}

std::optional<ConnectionSlots::Slot> ConnectionSlots::take(const Poco::Net::IPAddress& address) {
    auto owner = ownerOf(address);
    const std::lock_guard lock(_mutex);
    auto& used = _used[owner];
    if (used >= _perAddress) return std::nullopt;
    ++used;
    return Slot(*this, std::move(owner));
}

bool ConnectionSlots::waitUntilEmpty(std::chrono::milliseconds atMost) {
    std::unique_lock lock(_mutex);
    return _empty.wait_for(lock, atMost, [this] { return _used.empty(); });
}

void ConnectionSlots::giveBack(const std::string& owner) {
    const std::lock_guard lock(_mutex);
    const auto used = _used.find(owner);
    if (--used->second == 0) _used.erase(used);
    if (_used.empty()) _empty.notify_all();
}

} // namespace connector
