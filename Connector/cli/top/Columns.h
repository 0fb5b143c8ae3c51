#pragma once

#include "cli/top/Rates.h"

#include <span>

namespace connector {

/// A column of the table of mappings. A value.
struct Column {
    /// What --sort calls it.
    const char* name;
    const char* head;
    bool isRight;
    /// In cells; what is longer is cut.
    std::size_t width;
    /// The large, and the new, come first unless the order is reversed.
    bool descends;
    /// now: ms since 1970, by the server.
    std::string (*text)(const MappingRow& row, std::int64_t now);
    /// Less than 0 when a comes before b in ascending order, 0 when they are the same.
    int (*compare)(const MappingRow& a, const MappingRow& b);
};

/// All columns, from left to right; the id is the first.
std::span<const Column> columns();

/// Where in columns() the one of this name is. Throws CommandError, which names them all.
std::size_t columnNamed(const std::string& name);

/// The names of all columns, with ", " between them.
std::string columnNames();

/// A column on the screen.
struct PlacedColumn {
    const Column* column;
    std::size_t width;
    bool operator==(const PlacedColumn&) const = default;
};

/// Whether any mapping has something in them. A value.
struct UsedColumns {
    bool labels = false;
    bool names = false;
};

/// Those columns that `cells` cells have room for, a space apart: the id, short where it must be, the column
/// that is sorted by, and of the others the more important ones. The label gets what is left, or the name
/// when there is none, or the id. Labels, and names, are left out when no mapping has one.
std::vector<PlacedColumn> placedIn(std::size_t cells, std::size_t sorted, const UsedColumns& used);

/// A line with the names, and one with a mapping.
std::string headLine(const std::vector<PlacedColumn>& placed, std::size_t sorted, bool isReversed);
std::string lineOf(const MappingRow& row, std::int64_t now, const std::vector<PlacedColumn>& placed);

/// How long ago a moment was, in its largest unit: "12 s"; "never" for 0.
std::string timeSince(std::int64_t moment, std::int64_t now);

/// A number of things a second: "0", "0.4", "12".
std::string readableRate(double perSecond);

} // namespace connector
