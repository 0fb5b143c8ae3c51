#pragma once

#include "cli/top/Samples.h"

namespace connector {

/// A mapping, and how fast it does what it does; a rate is missing for one that is seen for the first time,
/// and after a restart of the server. A value.
struct MappingRow {
    MappingSample sample;
    struct Rates {
        std::array<double, 2> bytesFrom{}; ///< per second
        double refused = 0;                ///< visitors per second
    };
    std::optional<Rates> rates;
};

/// A connection, in the same way.
struct ConnectionRow {
    ConnectionSample sample;
    struct Rates {
        double bytesIn = 0; ///< per second
        double bytesOut = 0;
    };
    std::optional<Rates> rates;
};

/// The server's sums of them.
struct Totals {
    double bytes = 0; ///< per second, both ways
    double refused = 0;
};

/// The mappings of `after`, in their order.
std::vector<MappingRow> rowsOf(const Snapshot* before, const Snapshot& after);

/// The connections of `after`, in their order; before: of the same mapping, or null.
std::vector<ConnectionRow> rowsOf(const ConnectionsSample* before, const ConnectionsSample& after);

/// Missing when no mapping has rates, but there are mappings.
std::optional<Totals> totalsOf(const std::vector<MappingRow>& rows);

} // namespace connector
