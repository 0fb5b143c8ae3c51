#pragma once

#include "model/Mapping.h"

#include <string>

struct sqlite3;

namespace Poco::Data {
class RecordSet;
class Session;
} // namespace Poco::Data

namespace connector {

/// A mapping as a row of the database's table `mapping`. In all of these, what the database says is thrown as
/// Poco's exceptions.

/// All of its columns but the checksum, in the order in which they are read and written.
inline constexpr const char* kMappingColumns =
    "id, type, label,"
    " port1, passcode1, formerpasscode1, formerpasscodeuntil1, maxconnections1, heartbeatabsencethreshold1,"
    " port2, passcode2, formerpasscode2, formerpasscodeuntil2, maxconnections2, heartbeatabsencethreshold2,"
    " alpn, visitortls, visitorsperaddress, visitorrate, allow, deny, relayidle, bandwidth, logrelays,"
    " created, lastagent, lastvisitor";

/// What the column `checksum` must be for the row to be as it was written, in SQL.
std::string mappingChecksum();

/// Makes the function known that mappingChecksum() calls; to be called once for each session.
void addMappingChecksum(sqlite3* database);

/// The current row of a query for kMappingColumns.
Mapping readMappingRow(Poco::Data::RecordSet& rows);

/// Inserts a row, with its checksum.
void insertMappingRow(Poco::Data::Session& session, const Mapping& mapping);

} // namespace connector
