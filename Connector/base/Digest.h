#pragma once

#include <string>

namespace connector {

/// SHA-256 of a text in lower-case hexadecimal: to tell whether it has changed without keeping it.
std::string digestOf(const std::string& text);

} // namespace connector
