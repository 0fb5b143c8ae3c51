#pragma once

#include "front/FrontArrivals.h"
#include "mapping/MappingService.h"
#include "metrics/Families.h"
#include "net/HandshakeCounts.h"
#include "net/TlsCredentials.h"
#include "pipe/PipeEnvironment.h"

#include <chrono>
#include <vector>

namespace connector {

/// What the process's metrics are read from.
struct ProcessSources {
    MappingService& mappings;
    PipeEnvironment& pipes;
    const TlsCredentials* credentials; ///< null without TLS
    const HandshakeCounts& apiHandshakes;
    const FrontArrivals& frontArrivals;
    std::string node; ///< what this Connector is called
    const std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
};

/// Those of the process as a whole, as they are at this moment. Any thread that is not a loop's.
std::vector<Family> processFamilies(const ProcessSources& sources);

} // namespace connector
