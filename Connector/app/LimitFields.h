#pragma once

#include "app/Configuration.h"
#include "base/JsonFields.h"

namespace connector {

/// Reads `limits`, with defaults that depend on all that is read of API, metrics and pipes before it. Throws
/// FieldError.
void readLimits(JsonFields limits, Configuration& configuration);

} // namespace connector
