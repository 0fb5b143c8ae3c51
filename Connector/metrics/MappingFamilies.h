#pragma once

#include "metrics/BoundedFigures.h"
#include "metrics/Families.h"

#include <functional>
#include <vector>

namespace connector {

/// Makes the families that have a metric for each mapping, and hands them out one by one: all of them at once
/// would be much to keep in memory.
void forEachMappingFamily(const std::vector<MappingFigures>& mappings,
                          const std::function<void(Family)>& function);

} // namespace connector
