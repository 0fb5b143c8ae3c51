#include "pipe/AgentHistory.h"

#include <algorithm>

namespace connector {

namespace {

/// Not IPAddress itself, which can't be compared when it has a zone.
std::string bytesOf(const Poco::Net::IPAddress& address) {
    return {static_cast<const char*>(address.addr()), static_cast<std::size_t>(address.length())};
}

template <class Entries>
auto find(Entries& entries, const std::string& address) {
    return std::find_if(entries.begin(), entries.end(),
                        [&](const auto& entry) { return entry.address == address; });
}

} // namespace

void AgentHistory::addNoAnswer(const Poco::Net::IPAddress& address, Clock::time_point now) {
    add(_noAnswers, {bytesOf(address), now});
    addLost(address, now);
}

void AgentHistory::addLost(const Poco::Net::IPAddress& address, Clock::time_point now) {
    take(_doubtful, bytesOf(address), now);
    add(_doubtful, {bytesOf(address), now});
}

bool AgentHistory::clearDoubt(const Poco::Net::IPAddress& address, Clock::time_point now) {
    return take(_doubtful, bytesOf(address), now);
}

bool AgentHistory::isDoubtful(const Poco::Net::IPAddress& address, Clock::time_point now) {
    return hasDoubts() && has(_doubtful, bytesOf(address), now);
}

bool AgentHistory::takeSuspect(const Poco::Net::IPAddress& address, Clock::time_point now) {
    return take(_noAnswers, bytesOf(address), now);
}

void AgentHistory::addStaleBytes(const Poco::Net::IPAddress& address, Clock::time_point now) {
    take(_staleBytes, bytesOf(address), now);
    add(_staleBytes, {bytesOf(address), now});
}

bool AgentHistory::hasSentStaleBytes(const Poco::Net::IPAddress& address, Clock::time_point now) {
    return has(_staleBytes, bytesOf(address), now);
}

void AgentHistory::add(Entries& entries, Entry entry) const {
    forgetOld(entries, entry.time);
    if (entries.size() == kEntries) entries.pop_front();
    entries.push_back(std::move(entry));
}

bool AgentHistory::has(Entries& entries, const std::string& address, Clock::time_point now) const {
    forgetOld(entries, now);
    return find(entries, address) != entries.end();
}

bool AgentHistory::take(Entries& entries, const std::string& address, Clock::time_point now) const {
    forgetOld(entries, now);
    const auto found = find(entries, address);
    if (found == entries.end()) return false;
    entries.erase(found);
    return true;
}

void AgentHistory::forgetOld(Entries& entries, Clock::time_point now) const {
    while (!entries.empty() && now - entries.front().time > _limits->agentMemory)
        entries.pop_front();
}

} // namespace connector
