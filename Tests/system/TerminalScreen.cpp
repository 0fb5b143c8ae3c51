#include "TerminalScreen.h"

#include "Waiting.h"

#include <Poco/UTF8Encoding.h>

#include <vterm.h>

namespace connector::test {

namespace {

std::string utf8Of(std::uint32_t character) {
    unsigned char bytes[4];
    const int length = Poco::UTF8Encoding().convert(static_cast<int>(character), bytes, sizeof bytes);
    return std::string(bytes, bytes + length);
}

VTermScreenCell cellAt(VTerm* vterm, int line, int column) {
    VTermScreenCell cell{};
    vterm_screen_get_cell(vterm_obtain_screen(vterm), {line, column}, &cell);
    return cell;
}

} // namespace

TerminalScreen::TerminalScreen(unsigned short columns, unsigned short lines)
    : _terminal(columns, lines), _vterm(vterm_new(lines, columns)), _columns(columns), _lines(lines) {
    vterm_set_utf8(_vterm, 1);
    vterm_screen_enable_altscreen(vterm_obtain_screen(_vterm), 1);
    vterm_screen_reset(vterm_obtain_screen(_vterm), 1);
}

TerminalScreen::~TerminalScreen() {
    vterm_free(_vterm);
}

ChildProcess::Command TerminalScreen::at(ChildProcess::Command command) const {
    command.inputFile = command.outputFile = _terminal.name();
    command.ownsTerminal = true;
    command.environment.try_emplace("TERM", "xterm-256color");
    command.environment.try_emplace("LC_ALL", "C.UTF-8");
    for (const auto* name : {"NO_COLOR", "COLUMNS", "LINES"})
        command.environment.try_emplace(name, "");
    return command;
}

void TerminalScreen::resize(unsigned short columns, unsigned short lines) {
    look();
    _columns = columns;
    _lines = lines;
    vterm_set_size(_vterm, lines, columns);
    _terminal.resize(columns, lines);
}

void TerminalScreen::look() {
    const auto news = _terminal.read();
    _written += news;
    vterm_input_write(_vterm, news.data(), news.size());
}

std::string TerminalScreen::text() {
    look();
    std::string result;
    for (int line = 0; line < _lines; ++line) {
        std::string shown;
        for (int column = 0; column < _columns; ++column) {
            const auto cell = cellAt(_vterm, line, column);
            // The right half of a wide character has the highest number.
            if (cell.chars[0] != ~0U) shown += cell.chars[0] == 0 ? " " : utf8Of(cell.chars[0]);
        }
        result += shown.substr(0, shown.find_last_not_of(' ') + 1) + '\n';
    }
    return result;
}

std::string TerminalScreen::waitFor(const std::string& wanted) {
    std::string seen;
    try {
        waitUntil("\"" + wanted + "\"", [&] { return (seen = text()).find(wanted) != std::string::npos; });
    } catch (const TimedOut& error) {
        throw TimedOut(error.what() + (" on the terminal:\n" + seen));
    }
    return seen;
}

std::string TerminalScreen::waitForEndOf(const std::string& unwanted) {
    std::string seen;
    waitUntil("no \"" + unwanted + "\" on the terminal",
              [&] { return (seen = text()).find(unwanted) == std::string::npos; });
    return seen;
}

void TerminalScreen::waitForOrder(const std::string& upper, const std::string& lower) {
    std::string seen;
    try {
        waitUntil(upper + " above " + lower, [&] {
            seen = text();
            const auto one = seen.find(upper);
            const auto other = seen.find(lower);
            return one != std::string::npos && other != std::string::npos && one < other;
        });
    } catch (const TimedOut& error) {
        throw TimedOut(error.what() + (" on the terminal:\n" + seen));
    }
}

bool TerminalScreen::hasColors() {
    look();
    for (int line = 0; line < _lines; ++line)
        for (int column = 0; column < _columns; ++column) {
            const auto cell = cellAt(_vterm, line, column);
            if (!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) || !VTERM_COLOR_IS_DEFAULT_BG(&cell.bg)) return true;
        }
    return false;
}

} // namespace connector::test
