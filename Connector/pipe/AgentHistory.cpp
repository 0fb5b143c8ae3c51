#include "pipe/AgentHistory.h"

#include <algorithm>

namespace connector {

namespace {

std::string bytesOf(const Poco::Net::IPAddress& address) {
    return {static_cast<const char*>(address.addr()), static_cast<std::size_t>(address.length())};
}

} // namespace

void AgentHistory::addSilentRelay(const Poco::Net::IPAddress& address, Clock::time_point now) {
    add(_silentRelays, {bytesOf(address), now});
}

bool AgentHistory::takeSilentRelay(const Poco::Net::IPAddress& address, Clock::time_point now) {
    forgetOld(_silentRelays, now);
    const auto found = find(_silentRelays, bytesOf(address));
    if (found == _silentRelays.end()) return false;
    _silentRelays.erase(found);
    return true;
}

void AgentHistory::addStaleBytes(const Poco::Net::IPAddress& address, Clock::time_point now) {
    const auto found = find(_staleBytes, bytesOf(address));
    if (found != _staleBytes.end()) _staleBytes.erase(found);
    add(_staleBytes, {bytesOf(address), now});
}

bool AgentHistory::hasSentStaleBytes(const Poco::Net::IPAddress& address, Clock::time_point now) {
    forgetOld(_staleBytes, now);
    return find(_staleBytes, bytesOf(address)) != _staleBytes.end();
}

void AgentHistory::add(Entries& entries, Entry entry) const {
    forgetOld(entries, entry.time);
    if (entries.size() == kEntries) entries.pop_front();
    entries.push_back(std::move(entry));
}

void AgentHistory::forgetOld(Entries& entries, Clock::time_point now) const {
    while (!entries.empty() && now - entries.front().time > _memory)
        entries.pop_front();
}

AgentHistory::Entries::iterator AgentHistory::find(Entries& entries, const std::string& address) {
    return std::find_if(entries.begin(), entries.end(),
                        [&](const Entry& entry) { return entry.address == address; });
}

} // namespace connector
