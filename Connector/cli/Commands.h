#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace connector {

inline constexpr const char* kProgram = "iofog-connector";

/// Runs the command that the words behind the program's name are; `--help` and `--version` are such words,
/// too. Throws CommandError for words that are none, and what the command throws.
void runCommandOf(const std::vector<std::string>& words, std::ostream& out);

} // namespace connector
