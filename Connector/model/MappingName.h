#pragma once

#include <string>

namespace connector {

/// What isLabel() demands, in words.
inline constexpr const char* kLabelRule = "1 to 63 lower-case letters, digits and hyphens, with no hyphen at "
                                          "the beginning or the end";

/// Whether it is a label of the DNS in lower case (RFC 1123, section 2.1).
bool isLabel(const std::string& text);

} // namespace connector
