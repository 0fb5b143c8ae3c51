#pragma once

#include <cstddef>
#include <string>

namespace connector {

/// Something that a client may have sent, fit for a log line or an error message: at most so many bytes, and
/// a '?' for every byte that is not printable ASCII.
std::string printable(const std::string& text, std::size_t atMost = 200);

} // namespace connector
