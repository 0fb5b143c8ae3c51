#pragma once

#include "net/ServerCertificate.h"

#include <ctime>
#include <string>

namespace connector {

/// What clients take offence at: that it has expired, or is not valid yet; the message names its file. ""
/// when it is valid at this time. Any thread.
std::string timeComplaint(const ServerCertificate& certificate, std::time_t now);

} // namespace connector
