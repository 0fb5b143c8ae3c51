#pragma once

#include "api/ApiSettings.h"
#include "base/JsonFields.h"
#include "base/Network.h"

#include <vector>

namespace connector {

/// Read `trusted-proxies`, whose word counts on whom a connection is from. Throw FieldError.
std::vector<Network> readTrustedProxies(JsonFields& fields);

/// Where the commands on this machine call the API no proxy may be, as they send no header. bind: the API's.
void refuseCommandsAddress(const JsonFields& fields, const std::vector<Network>& proxies,
                           const std::string& bind);

/// settings: identities and bind have been read.
std::vector<Network> readApiProxies(JsonFields& api, const ApiSettings& settings);

} // namespace connector
