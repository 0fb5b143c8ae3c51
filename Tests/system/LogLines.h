#pragma once

#include "Daemon.h"

#include <cstddef>
#include <string>

namespace connector::test {

/// How many lines of the log have this text in them.
std::size_t linesWith(const Daemon& daemon, const std::string& text);

/// Waits for a line with a match of this pattern.
void waitForLine(const Daemon& daemon, const std::string& pattern);

} // namespace connector::test
