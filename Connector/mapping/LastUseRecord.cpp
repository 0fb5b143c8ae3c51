#include "mapping/LastUseRecord.h"

namespace connector {

bool isDue(const LastUse& current, const LastUse& stored, Poco::Int64 now) {
    constexpr Poco::Int64 kRefresh = std::chrono::milliseconds(kLastUseRefresh).count();
    const auto isOld = [&](Poco::Int64 is, Poco::Int64 was) { return is != was && now - was >= kRefresh; };
    return isOld(current.agent, stored.agent) || isOld(current.visitor, stored.visitor);
}

} // namespace connector
