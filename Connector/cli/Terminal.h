#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace connector {

/// Characters in a line of the terminal that standard output is; nothing when it is none.
std::optional<std::size_t> terminalWidth();

/// Whether somebody can be asked: standard input and output are a terminal.
bool isInteractive();

/// Asks on the terminal. fallback: what an empty answer stands for; it is shown. Throws CommandError at the
/// end of the input.
std::string ask(const std::string& question, const std::string& fallback);

} // namespace connector
