#pragma once

#include "app/Configuration.h"
#include "cli/AgentJson.h"

#include <Poco/JSON/Object.h>

#include <ostream>

namespace connector {

/// Prints the configuration of an agent that serves a public mapping of this Connector. added: the answer to
/// `add`. A certificate that has signed itself is what the agent is to trust; for others that is the system's
/// CAs. Throws CommandError.
void printAgentOf(const Configuration& configuration, const Poco::JSON::Object& added,
                  const AgentTarget& target, std::ostream& out);

} // namespace connector
