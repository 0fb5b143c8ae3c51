#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace connector {

// Text in the cells of a terminal, in the characters that the locale (LC_CTYPE) has: a '?' stands for others,
// and for those that would control the terminal. A character of East Asia takes two cells, an accent of its
// own none.

/// How many cells the text takes.
std::size_t cellsOf(const std::string& utf8);

/// The text in exactly so many cells: filled up with spaces, or cut, which an ellipsis shows.
std::string leftIn(std::size_t cells, const std::string& utf8);
std::string rightIn(std::size_t cells, const std::string& utf8);

/// As much of the text's beginning as these cells take, and no ellipsis.
std::string beginningOf(const std::string& utf8, std::size_t cells);

/// Items in lines of so many cells, three spaces apart; one that is longer has a line of its own.
std::vector<std::string> packed(const std::vector<std::string>& items, std::size_t cells);

} // namespace connector
