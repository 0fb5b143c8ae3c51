#pragma once

#include "front/FrontSettings.h"
#include "net/TlsCredentials.h"

#include <string>

namespace connector {

/// A sentence for the operator when none of the certificates is for the names of mappings, which are in
/// front.domain; "" when one is, or there is no such domain.
std::string missingWildcard(const FrontSettings& front, const CertificateChoice& certificates);

} // namespace connector
