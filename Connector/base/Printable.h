#pragma once

#include <cstddef>
#include <string>

namespace connector {

/// Something that a client may have sent, fit for a log line or an error message: at most so many bytes, and
/// a '?' for every byte that is not printable ASCII.
std::string printable(const std::string& text, std::size_t atMost = 200);

/// A character of Unicode that a terminal may be sent, as it neither controls nor reorders what stands around
/// it. A negative one, as Poco::TextIterator has it for what is no UTF-8, is none.
bool isPrintableCharacter(int character);

/// Text for a terminal or a file: UTF-8, with a '?' for every character that is not printable.
std::string printableText(const std::string& utf8);

} // namespace connector
