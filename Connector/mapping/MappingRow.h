#pragma once

#include "model/Mapping.h"

#include <Poco/Nullable.h>

#include <array>
#include <optional>
#include <string>

namespace connector {

/// A column of the database's table `mapping`.
struct MappingColumn {
    /// By the numbers that SQLite has for them, which checksums are of.
    enum class Type { Integer = 1, Text = 3, Null = 5 };

    const char* name;
    Type type;
};

/// All but the checksum, in the order in which they are read and written. The times are last: a row's
/// checksum is not of them, as no connection depends on them, and two of them change all the time.
inline constexpr std::array<MappingColumn, 28> kMappingColumns{{
    {"id", MappingColumn::Type::Text},
    {"type", MappingColumn::Type::Text},
    {"label", MappingColumn::Type::Text},
    {"name", MappingColumn::Type::Text},
    {"port1", MappingColumn::Type::Integer},
    {"passcode1", MappingColumn::Type::Text},
    {"formerpasscode1", MappingColumn::Type::Text},
    {"formerpasscodeuntil1", MappingColumn::Type::Integer},
    {"maxconnections1", MappingColumn::Type::Integer},
    {"heartbeatabsencethreshold1", MappingColumn::Type::Integer},
    {"port2", MappingColumn::Type::Integer},
    {"passcode2", MappingColumn::Type::Text},
    {"formerpasscode2", MappingColumn::Type::Text},
    {"formerpasscodeuntil2", MappingColumn::Type::Integer},
    {"maxconnections2", MappingColumn::Type::Integer},
    {"heartbeatabsencethreshold2", MappingColumn::Type::Integer},
    {"alpn", MappingColumn::Type::Text},
    {"visitortls", MappingColumn::Type::Integer},
    {"visitorsperaddress", MappingColumn::Type::Integer},
    {"visitorrate", MappingColumn::Type::Integer},
    {"allow", MappingColumn::Type::Text},
    {"deny", MappingColumn::Type::Text},
    {"relayidle", MappingColumn::Type::Integer},
    {"bandwidth", MappingColumn::Type::Integer},
    {"logrelays", MappingColumn::Type::Integer},
    {"created", MappingColumn::Type::Integer},
    {"lastagent", MappingColumn::Type::Integer},
    {"lastvisitor", MappingColumn::Type::Integer},
}};

/// The first ones, which the checksum is of.
inline constexpr std::size_t kSealedColumns = 25;

/// A row: what each of kMappingColumns has, as text; null: it has no name, it has no ports, or it is as the
/// configuration says.
using MappingRow = std::array<Poco::Nullable<std::string>, kMappingColumns.size()>;

MappingRow rowOf(const Mapping& mapping);

/// Nothing when it can't be one of ours.
std::optional<Mapping> mappingOf(const MappingRow& row);

/// The id, the name and the ports, as far as they can be read.
Mapping remainsOf(const MappingRow& row);

/// What the column `checksum` is for the row to be as it was written: SHA-256, in hexadecimal digits.
std::string checksumOf(const MappingRow& row);
std::string checksumOf(const Mapping& mapping);

} // namespace connector
