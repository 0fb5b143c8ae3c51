#pragma once

#include "cli/top/MappingList.h"

#include <ostream>

namespace connector {

// The list of mappings for scripts, and for people without a screen.

/// The server's line, and a table.
void printTop(const MappingList& list, std::ostream& out);

/// One object; doc/operations.md lists its members. interval: between the two looks that the rates are from.
void printTopJson(const MappingList& list, std::chrono::milliseconds interval, std::ostream& out);

} // namespace connector
