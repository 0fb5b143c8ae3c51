#pragma once

#include "ChildProcess.h"
#include "Terminal.h"

#include <string>

struct VTerm;

namespace connector::test {

/// A terminal with a program at it, and what a person sees there (libvterm).
class TerminalScreen {
  public:
    TerminalScreen(unsigned short columns, unsigned short lines);
    ~TerminalScreen();
    TerminalScreen(const TerminalScreen&) = delete;
    TerminalScreen& operator=(const TerminalScreen&) = delete;

    /// The command, at this terminal, which is its own.
    ChildProcess::Command at(ChildProcess::Command command) const;

    void type(const std::string& text) const { _terminal.type(text); }
    void resize(unsigned short columns, unsigned short lines);

    /// What is to be seen now: the lines of the screen, with '\n' behind each.
    std::string text();

    /// Looks until the text is there, or no longer there; returns all that is to be seen then. Throws
    /// TimedOut with what was there.
    std::string waitFor(const std::string& text);
    std::string waitForEndOf(const std::string& text);

    /// Looks until one text stands above another.
    void waitForOrder(const std::string& upper, const std::string& lower);

    /// All bytes that programs have written so far.
    const std::string& written() const { return _written; }

    /// Whether anything on the screen has a color of its own.
    bool hasColors();

  private:
    void look();

    Terminal _terminal;
    VTerm* _vterm;
    int _columns;
    int _lines;
    std::string _written;
};

} // namespace connector::test
