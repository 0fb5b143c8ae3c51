#include "cli/Terminal.h"

#include "cli/CommandError.h"

#include <Poco/NumberParser.h>
#include <Poco/String.h>
#include <Poco/Util/Application.h>

#include <cstdlib>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace connector {

namespace {

constexpr std::size_t kUsualWidth = 80;

} // namespace

std::optional<std::size_t> terminalWidth() {
    if (::isatty(STDOUT_FILENO) == 0) return std::nullopt;
    const char* columns = std::getenv("COLUMNS");
    unsigned fromEnvironment = 0;
    if (columns && Poco::NumberParser::tryParseUnsigned(columns, fromEnvironment) && fromEnvironment > 0)
        return fromEnvironment;
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return kUsualWidth;
}

bool isInteractive() {
    return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
}

std::string ask(const std::string& question, const std::string& fallback) {
    std::cout << question << (fallback.empty() ? "" : " [" + fallback + "]") << ": " << std::flush;
    std::string answer;
    if (!std::getline(std::cin, answer))
        throw CommandError(Poco::Util::Application::EXIT_USAGE,
                           "the answers end too soon; nothing was changed");
    Poco::trimInPlace(answer);
    return answer.empty() ? fallback : answer;
}

} // namespace connector
