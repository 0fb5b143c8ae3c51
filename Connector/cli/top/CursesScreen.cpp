#include "cli/top/CursesScreen.h"

#include "cli/CommandError.h"
#include "cli/top/TerminalText.h"

#include <Poco/UTF8Encoding.h>
#include <Poco/Util/Application.h>

#include <cstdio>
#include <cstdlib>
#include <curses.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace connector {

namespace {

constexpr short kBadPair = 1;
constexpr short kTitlePair = 2;
constexpr wint_t kEscape = 27;
/// How long what follows an Escape may take to be one key with it.
constexpr int kEscapeDelay = 50; // ms

volatile std::sig_atomic_t hasEnded = 0;
volatile std::sig_atomic_t hasContinued = 0;

void catchSignal(int number, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
}

std::optional<Key> functionKey(wint_t code) {
    using Kind = Key::Kind;
    switch (code) {
    case KEY_UP:
        return Key{Kind::Up};
    case KEY_DOWN:
        return Key{Kind::Down};
    case KEY_PPAGE:
        return Key{Kind::PageUp};
    case KEY_NPAGE:
        return Key{Kind::PageDown};
    case KEY_HOME:
        return Key{Kind::Home};
    case KEY_END:
        return Key{Kind::End};
    case KEY_LEFT:
        return Key{Kind::Left};
    case KEY_RIGHT:
        return Key{Kind::Right};
    case KEY_ENTER:
        return Key{Kind::Enter};
    case KEY_BACKSPACE:
        return Key{Kind::Backspace};
    default:
        return std::nullopt;
    }
}

std::optional<Key> characterKey(wint_t code) {
    using Kind = Key::Kind;
    if (code == '\n' || code == '\r') return Key{Kind::Enter};
    if (code == kEscape) return Key{Kind::Escape};
    if (code == '\b' || code == 0x7F) return Key{Kind::Backspace};
    if (code < ' ') return std::nullopt;
    unsigned char bytes[4];
    const int length = Poco::UTF8Encoding().convert(static_cast<int>(code), bytes, sizeof bytes);
    return Key{Kind::Character, std::string(bytes, bytes + length)};
}

} // namespace

HeldSignals::HeldSignals() {
    sigset_t held;
    ::sigemptyset(&held);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH})
        ::sigaddset(&held, number);
    ::pthread_sigmask(SIG_BLOCK, &held, &_former);
}

HeldSignals::~HeldSignals() {
    ::pthread_sigmask(SIG_SETMASK, &_former, nullptr);
}

CursesScreen::CursesScreen(const HeldSignals& signals, bool inColor) : _signals(signals), _inColor(inColor) {
    // Before ncurses looks which signals it is to catch: SIGTSTP and SIGWINCH remain.
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        catchSignal(number, [](int) { hasEnded = 1; });
    catchSignal(SIGCONT, [](int) { hasContinued = 1; });
    _screen = ::newterm(nullptr, stdout, stdin);
    if (_screen == nullptr) {
        const char* type = std::getenv("TERM");
        throw CommandError(Poco::Util::Application::EXIT_UNAVAILABLE,
                           "the type of this terminal, TERM=" + std::string(type ? type : "") +
                               ", is not known here; try TERM=xterm, or --once");
    }
    ::cbreak();
    ::noecho();
    ::nonl();
    ::keypad(::stdscr, TRUE);
    ::nodelay(::stdscr, TRUE);
    ::set_escdelay(kEscapeDelay);
    ::curs_set(0);
    _inColor = _inColor && ::has_colors();
    if (!_inColor) return;
    ::start_color();
    ::use_default_colors();
    ::init_pair(kBadPair, COLOR_RED, -1);
    ::init_pair(kTitlePair, COLOR_GREEN, -1);
}

CursesScreen::~CursesScreen() {
    ::endwin();
    ::delscreen(_screen);
}

ScreenSize CursesScreen::size() const {
    return {static_cast<std::size_t>(getmaxx(::stdscr)), static_cast<std::size_t>(getmaxy(::stdscr))};
}

unsigned long CursesScreen::attributesOf(Look look) const {
    const auto colored = [this](short pair) { return _inColor ? COLOR_PAIR(pair) : A_NORMAL; };
    switch (look) {
    case Look::Plain:
        return A_NORMAL;
    case Look::Title:
        return A_BOLD | colored(kTitlePair);
    case Look::Head:
    case Look::Selected:
        return A_REVERSE;
    case Look::Bad:
        return A_BOLD | colored(kBadPair);
    case Look::BadSelected:
        return A_REVERSE | A_BOLD | colored(kBadPair);
    }
    return A_NORMAL;
}

void CursesScreen::show(const Frame& frame) {
    ::erase();
    const auto [columns, lines] = size();
    for (std::size_t y = 0; y < std::min(lines, frame.size()); ++y) {
        const auto& [text, look] = frame[y];
        ::attrset(static_cast<int>(attributesOf(look)));
        ::move(static_cast<int>(y), 0);
        // Also what is sent to the terminal without a meaning passes leftIn(), which lets nothing control it.
        ::addstr(look == Look::Plain ? beginningOf(text, columns).c_str() : leftIn(columns, text).c_str());
    }
    ::refresh();
}

void CursesScreen::wait(int descriptor) {
    pollfd waited[] = {{STDIN_FILENO, POLLIN, 0}, {descriptor, POLLIN, 0}};
    ::ppoll(waited, std::size(waited), nullptr, &_signals.former());
    _isGone = (waited[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
    if (hasContinued) comeBack();
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
        ::is_term_resized(size.ws_row, size.ws_col))
        ::resizeterm(size.ws_row, size.ws_col);
}

void CursesScreen::comeBack() {
    hasContinued = 0;
    ::endwin(); // whatever has been done to the terminal in the meantime
    ::refresh();
}

std::optional<Key> CursesScreen::readKey() {
    wint_t code = 0;
    for (int kind; (kind = ::get_wch(&code)) != ERR;)
        if (const auto key = kind == KEY_CODE_YES ? functionKey(code) : characterKey(code)) return key;
    return std::nullopt;
}

bool CursesScreen::isToEnd() const {
    return hasEnded != 0 || _isGone;
}

} // namespace connector
