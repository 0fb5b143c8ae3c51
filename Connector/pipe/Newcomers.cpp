#include "pipe/Newcomers.h"

#include <algorithm>
#include <tuple>

namespace connector {

void Newcomers::add(Newcomer& newcomer, const std::string& owner, bool isKnown, Clock::time_point now) {
    auto& group = _groups[isKnown ? 1 : 0];
    group.byOwner[owner].push_back({&newcomer, now});
    ++group.count;
    _places.insert_or_assign(&newcomer, Place{&group, owner});
}

void Newcomers::remove(Newcomer& newcomer) {
    const auto place = _places.find(&newcomer);
    if (place == _places.end()) return;
    auto& [group, owner] = place->second;
    const auto ofOwner = group->byOwner.find(owner);
    std::erase_if(ofOwner->second, [&](const auto& one) { return one.newcomer == &newcomer; });
    if (ofOwner->second.empty()) group->byOwner.erase(ofOwner);
    --group->count;
    _places.erase(place);
}

/// Of several addresses that have the same number, one whose connection has had its time goes, the oldest
/// first; if there is none, the last that came: those before it would never have theirs otherwise.
Newcomer* Newcomers::surplus(const std::string& owner, bool isKnown, Clock::time_point now) const {
    const auto& group = _groups[isKnown ? 1 : 0];
    if (group.count < _most()) return nullptr;
    const auto rank = [&](const std::string& address, const ByAge& newcomers) {
        const auto one = newcomers[whoGoes(newcomers, now)].since;
        const bool hadItsTime = now - one >= kSpared;
        const auto age = now - one;
        return std::tuple(newcomers.size() + (address == owner ? 1 : 0), hadItsTime, hadItsTime ? age : -age);
    };
    const auto most =
        std::max_element(group.byOwner.begin(), group.byOwner.end(), [&](const auto& a, const auto& b) {
            return rank(a.first, a.second) < rank(b.first, b.second);
        });
    return most->second[whoGoes(most->second, now)].newcomer;
}

} // namespace connector
