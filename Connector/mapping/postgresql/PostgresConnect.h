#pragma once

#include <chrono>
#include <map>
#include <string>

namespace connector {

/// How long each address of a server has to take a connection, unless the URI has a connect_timeout.
inline constexpr std::chrono::milliseconds kConnect{3000};
/// What all addresses together have then: they share it evenly when they are many.
inline constexpr std::chrono::milliseconds kConnectAll{10000};

/// Connects to one of the addresses that parameters (connectionParameters()) name, one after the other, and
/// closes that connection again. Returns the parameters with the address that has taken it alone. name: the
/// database's, for messages. wake: a descriptor that ends it at once when it can be read, unless it waits for
/// names to be resolved. Throws StorageUnreachable, with what each address has said.
std::map<std::string, std::string> reachableOf(const std::map<std::string, std::string>& parameters,
                                               const std::string& name, int wake);

} // namespace connector
