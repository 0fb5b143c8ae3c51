#include "mapping/PortPool.h"

namespace connector {

PortPool::PortPool(const std::vector<std::uint16_t>& ports) : _known(ports.begin(), ports.end()) {
    for (const auto port : ports)
        _places[port] = _free.insert(_free.end(), port);
}

void PortPool::moveToBack(const std::vector<std::uint16_t>& ports) {
    for (const auto port : ports) {
        if (!isFree(port)) continue;
        remove(port);
        giveBack(port);
    }
}

std::size_t PortPool::freeCount() const {
    return _free.size();
}

void PortPool::replace(const std::vector<std::uint16_t>& ports) {
    std::vector<std::uint16_t> givenBack;
    for (const auto port : _free)
        if (_givenBack.contains(port)) givenBack.push_back(port);
    PortPool pool(ports);
    for (const auto port : _taken)
        pool.remove(port);
    pool.moveToBack(givenBack);
    *this = std::move(pool);
}

std::uint16_t PortPool::take() {
    const auto port = _free.front();
    remove(port);
    return port;
}

bool PortPool::isFree(std::uint16_t port) const {
    return _places.contains(port);
}

void PortPool::remove(std::uint16_t port) {
    _taken.insert(port);
    _givenBack.erase(port);
    const auto place = _places.find(port);
    if (place == _places.end()) return;
    _free.erase(place->second);
    _places.erase(place);
}

void PortPool::giveBack(std::uint16_t port) {
    if (_taken.erase(port) == 0 || !knows(port)) return;
    _places[port] = _free.insert(_free.end(), port);
    _givenBack.insert(port);
}

} // namespace connector
