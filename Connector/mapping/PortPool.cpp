#include "mapping/PortPool.h"

namespace connector {

PortPool::PortPool(const std::vector<std::uint16_t>& ports) {
    for (const auto port : ports)
        _places[port] = _free.insert(_free.end(), port);
}

void PortPool::moveToBack(const std::vector<std::uint16_t>& ports) {
    for (const auto port : ports) {
        remove(port);
        giveBack(port);
    }
}

std::size_t PortPool::freeCount() const {
    return _free.size();
}

std::uint16_t PortPool::take() {
    const auto port = _free.front();
    remove(port);
    return port;
}

bool PortPool::isFree(std::uint16_t port) const {
    const auto place = _places.find(port);
    return place != _places.end() && place->second != _free.end();
}

void PortPool::remove(std::uint16_t port) {
    const auto place = _places.find(port);
    if (place == _places.end() || place->second == _free.end()) return;
    _free.erase(place->second);
    place->second = _free.end();
}

void PortPool::giveBack(std::uint16_t port) {
    const auto place = _places.find(port);
    if (place == _places.end() || place->second != _free.end()) return;
    place->second = _free.insert(_free.end(), port);
}

} // namespace connector
