#include "LogLines.h"

#include "Waiting.h"

#include <regex>
#include <sstream>

namespace connector::test {

std::size_t linesWith(const Daemon& daemon, const std::string& text) {
    std::istringstream log(daemon.log());
    std::size_t lines = 0;
    for (std::string line; std::getline(log, line);)
        lines += line.find(text) != std::string::npos ? 1 : 0;
    return lines;
}

void waitForLine(const Daemon& daemon, const std::string& pattern) {
    const std::regex line(pattern);
    waitUntil("a line like \"" + pattern + "\" in the log",
              [&] { return std::regex_search(daemon.log(), line); });
}

} // namespace connector::test
