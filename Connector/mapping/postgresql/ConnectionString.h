#pragma once

#include "mapping/DatabaseLocation.h"

#include <map>
#include <string>

namespace connector {

/// The URI's parameters, with the password, which is read from its file, and what this program needs besides:
/// short times until a server that is gone is noticed, unless the URI has others. Throws StorageError when
/// the URI is wrong or has a value with a blank in it, which POCO can't take, and StorageUnreachable when the
/// password's file can't be read.
std::map<std::string, std::string> connectionParameters(const DatabaseLocation& location);

/// As POCO takes them, "name=value name=value".
std::string connectionString(const std::map<std::string, std::string>& parameters);

} // namespace connector
