#pragma once

namespace connector {

/// Whether the database can be written, by what became of the latest write.
enum class DatabaseState {
    Ok,
    Full,        ///< the disk, or the quota
    Locked,      ///< another program has a lock on it
    Unreachable, ///< its server: it is shared
    Stalled,     ///< a write has been under way for long
    Failing      ///< for another reason, which the log has
};

/// Its name in the API.
constexpr const char* nameOf(DatabaseState state) {
    switch (state) {
    case DatabaseState::Ok:
        return "ok";
    case DatabaseState::Full:
        return "full";
    case DatabaseState::Locked:
        return "locked";
    case DatabaseState::Unreachable:
        return "unreachable";
    case DatabaseState::Stalled:
        return "stalled";
    case DatabaseState::Failing:
        break;
    }
    return "failing";
}

} // namespace connector
