#include "mapping/PortPool.h"

#include <algorithm>

namespace connector {

PortPool::PortPool(const std::vector<std::uint16_t>& ports)
    : _configured(ports.begin(), ports.end()), _free(ports.begin(), ports.end()) {}

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
    _free.pop_front();
    return port;
}

void PortPool::remove(std::uint16_t port) {
    const auto found = std::find(_free.begin(), _free.end(), port);
    if (found != _free.end()) _free.erase(found);
}

void PortPool::giveBack(std::uint16_t port) {
    if (_configured.contains(port)) _free.push_back(port);
}

} // namespace connector
