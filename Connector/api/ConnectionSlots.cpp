#include "api/ConnectionSlots.h"

#include "api/PeerAddress.h"

namespace connector {

namespace {

/// The bytes of the address that tell one owner from another.
std::string ownerOf(const Poco::Net::IPAddress& address) {
    constexpr std::size_t kIPv6Prefix = 8;
    const auto bare = withoutMapping(address);
    std::string bytes(static_cast<const char*>(bare.addr()), static_cast<std::size_t>(bare.length()));
    return bytes.substr(0, kIPv6Prefix);
}

} // namespace

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
