#pragma once

#include "mapping/MappingService.h"

#include <Poco/Types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace connector {

/// What is told of one mapping, or of many together; a value.
struct MappingFigures {
    std::string id;
    std::string type; ///< "" of many
    std::string label;
    std::string name;
    bool hasVisitors = false;      ///< else what its status says about visitors means nothing
    bool hasAgentsAtPort2 = false; ///< else what its status says about them means nothing
    PipeStatus status;
    std::size_t degraded = 0;  ///< mappings
    Poco::Int64 lastAgent = 0; ///< LastUse::agent
    Poco::Int64 created = 0;   ///< Mapping::created
};

/// Bounds how many mappings are told of one by one: the oldest, so that a new one never takes the place of
/// another. The others are summed up as one, called "other", whose counters never fall: what was counted for
/// a mapping that is removed, or takes the place of one that was, stays in the sum. One thread.
class BoundedFigures {
  public:
    static constexpr const char* kOther = "other";

    /// Calls the function for each mapping, in any order.
    using ForEach = std::function<void(const OpenMappings::Look& look)>;

    /// most: to be told of one by one. What is kept is bounded by those that were ever used.
    std::vector<MappingFigures> of(const ForEach& forEach, std::size_t most);

  private:
    using Statuses = std::map<std::string, PipeStatus>;
    struct Others;

    void keepCountsOfGone(const Statuses& others);

    Statuses _others;        ///< by id, as they were when they were looked at last; of those with counts
    PipeStatus _gone;        ///< of those that are none of the others any more; its counters only
    bool _hasOthers = false; ///< or has had some
};

} // namespace connector
