#include "pipe/RecentAddresses.h"

namespace connector {

void RecentAddresses::add(const std::string& owner, Clock::time_point now) {
    const auto found = _byOwner.find(owner);
    if (found != _byOwner.end()) {
        found->second->time = now;
        _entries.splice(_entries.begin(), _entries, found->second);
        return;
    }
    if (_entries.size() == kMost) {
        _byOwner.erase(_entries.back().owner);
        _entries.pop_back();
    }
    _entries.push_front({owner, now});
    _byOwner.emplace(owner, _entries.begin());
}

bool RecentAddresses::has(const std::string& owner, Clock::time_point now) const {
    const auto found = _byOwner.find(owner);
    return found != _byOwner.end() && now - found->second->time <= _limits->agentMemory;
}

} // namespace connector
