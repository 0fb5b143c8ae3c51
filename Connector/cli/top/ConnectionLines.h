#pragma once

#include "cli/top/Rates.h"

#include <string>
#include <vector>

namespace connector {

// One mapping in detail. now: ms since 1970, by the server.

/// What there is to say about it, each with its name.
std::vector<std::string> itemsOf(const MappingRow& row, std::int64_t now);

/// The table of its connections, cut to so many cells: a line with the names, and one with a connection.
std::string connectionHead(std::size_t cells);
std::string connectionLine(const ConnectionRow& row, std::int64_t now, std::size_t cells);

} // namespace connector
