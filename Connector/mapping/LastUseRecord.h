#pragma once

#include "model/LastUse.h"

#include <chrono>
#include <string>

namespace connector {

/// When a mapping was last in use, as it is to be stored. A value.
struct LastUseRecord {
    std::string id;
    LastUse lastUse;
};

/// How old what is stored may become before it is written again: so a mapping in continuous use costs one
/// write an hour.
inline constexpr std::chrono::hours kLastUseRefresh{1};

/// Whether a mapping's last use is to be written while the process runs. current: the mapping's; stored: what
/// the database has; now: timestampNow().
bool isDue(const LastUse& current, const LastUse& stored, Poco::Int64 now);

} // namespace connector
