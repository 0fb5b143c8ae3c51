#pragma once

#include "app/Configuration.h"

namespace connector {

/// Reads `front`. configuration: dev, ports, api, metrics and pipes have been read; where the front is the
/// API's port, that is opened on the addresses of pipes. root: where `api` is, too. Throws FieldError.
void readFront(JsonFields& root, Configuration& configuration);

} // namespace connector
