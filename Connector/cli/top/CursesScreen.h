#pragma once

#include "cli/top/Frame.h"

#include <csignal>
#include <optional>
#include <termios.h>

struct screen;

namespace connector {

/// Holds back the signals of a terminal, SIGTERM and SIGHUP, for this thread and those that it starts: they
/// come in CursesScreen::wait() and nowhere else. A value that is restored in the end.
class HeldSignals {
  public:
    HeldSignals();
    ~HeldSignals();
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;

    /// What was held before.
    const sigset_t& former() const { return _former; }

  private:
    sigset_t _former{};
};

/// The terminal at standard input and output, as a screen of lines (ncurses). It is as it was before when the
/// object is gone, and while the process is stopped. There may be one.
class CursesScreen {
  public:
    /// signals: held for as long as this lives. inColor: as far as the terminal has any; on its own
    /// background, light or dark. Throws CommandError when the terminal's type, in TERM, is not known.
    CursesScreen(const HeldSignals& signals, bool inColor);
    ~CursesScreen();
    CursesScreen(const CursesScreen&) = delete;
    CursesScreen& operator=(const CursesScreen&) = delete;

    ScreenSize size() const;

    void show(const Frame& frame);

    /// Returns when a key was pressed, something can be read from the descriptor, or a signal has come:
    /// another size, the end, or SIGCONT, on which the screen is drawn anew.
    void wait(int descriptor);

    /// The next key, if one was pressed.
    std::optional<Key> readKey();

    /// Whether SIGINT (Ctrl-C), SIGTERM or SIGHUP has come, or the terminal is gone.
    bool isToEnd() const;

  private:
    void comeBack();
    unsigned long attributesOf(Look look) const;

    const HeldSignals& _signals;
    ::screen* _screen;
    bool _inColor;
    bool _isGone = false;
};

} // namespace connector
