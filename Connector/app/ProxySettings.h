#pragma once

#include "api/ApiSettings.h"
#include "base/JsonFields.h"
#include "base/Network.h"

#include <vector>

namespace connector {

/// Read `trusted-proxies`, whose word counts on whom a connection is from. Throw FieldError.
std::vector<Network> readTrustedProxies(JsonFields& fields);

/// settings: identities and bind have been read.
std::vector<Network> readApiProxies(JsonFields& api, const ApiSettings& settings);

} // namespace connector
