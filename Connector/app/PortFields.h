#pragma once

#include "base/JsonFields.h"

#include <cstdint>
#include <string>
#include <vector>

namespace connector {

/// Those that mappings may be given: `ports` without `exclude`, in rising order. Throws FieldError.
std::vector<std::uint16_t> readPorts(JsonFields& root);

/// A port that the configuration itself opens, beside those of mappings (`ports`). Throws FieldError.
std::uint16_t readOwnPort(JsonFields& fields, const std::string& key, int min, int fallback,
                          const std::vector<std::uint16_t>& ports);

} // namespace connector
