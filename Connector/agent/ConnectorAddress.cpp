#include "agent/ConnectorAddress.h"

#include <algorithm>

namespace connector {

std::string ConnectorAddress::toString() const {
    if (proxy) return host + " (through " + proxy->name() + ")";
    const auto bare = address.value().host().toString();
    return host == bare ? bare : host + " (" + bare + ")";
}

ConnectorAddresses withHeldFirst(const ConnectorAddresses& held, const ConnectorAddresses& found) {
    ConnectorAddresses result;
    for (const auto& one : held)
        if (std::find(found.begin(), found.end(), one) != found.end()) result.push_back(one);
    for (const auto& one : found) {
        const auto isSame = [&](const auto& other) {
            return one.address ? other.address == one.address : other == one;
        };
        if (std::none_of(result.begin(), result.end(), isSame)) result.push_back(one);
    }
    return result;
}

} // namespace connector
