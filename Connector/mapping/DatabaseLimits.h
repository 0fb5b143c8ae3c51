#pragma once

#include <chrono>

namespace connector {

/// How long writes wait for the database, and how many of them. A value.
struct DatabaseLimits {
    /// For a lock that another program has.
    std::chrono::milliseconds busy{2000};
    /// From the beginning of a write until its caller is told that the disk does not answer.
    std::chrono::milliseconds wait{10000};
    /// Writes that may wait for so long, each on a thread of its caller.
    int waiting = 8;
    /// How long any further one waits. A disk that has been busy with one transaction for longer counts as
    /// stalled, and then it does not wait at all.
    std::chrono::milliseconds grace{1000};
    /// How often what is served is compared with what a shared database has, beside hearing of its changes.
    std::chrono::milliseconds compare{30000};

    bool operator==(const DatabaseLimits&) const = default;
};

} // namespace connector
