#pragma once

#include "ApiClient.h"
#include "ConnectorSetup.h"
#include "TestAgent.h"

#include <cstdint>
#include <string>

namespace connector::test {

/// What a Fog Controller writes for the networking container of one side of a mapping: of a public one with
/// the target's port, of a private one with 0.
std::string controllersJson(const ConnectorSetup& connector, const AddedMapping& mapping, Side side,
                            std::uint16_t localPort, int connections = 1);

} // namespace connector::test
