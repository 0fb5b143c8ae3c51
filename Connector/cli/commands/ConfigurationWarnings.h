#pragma once

#include "app/Configuration.h"
#include "model/Mapping.h"

#include <string>
#include <vector>

namespace connector {

/// What is no mistake in a configuration and yet may not be meant, a sentence each: a certificate that ends
/// soon, files with secrets that others may read, ports that the kernel gives away.
/// credentials: null with dev. mappings: what the database has.
std::vector<std::string> warningsOf(const Configuration& configuration, const TlsCredentials* credentials,
                                    const std::vector<Mapping>& mappings);

} // namespace connector
