#pragma once

#include <string>

namespace connector::test {

/// A terminal for programs, at which the test sits.
class Terminal {
  public:
    explicit Terminal(unsigned short columns, unsigned short lines = 24);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// The file that is the program's end of it.
    std::string name() const;

    /// As when its window is given another size.
    void resize(unsigned short columns, unsigned short lines) const;

    void type(const std::string& text) const;

    /// What programs have written since the last time, and the echo of what was typed.
    std::string read() const;

    /// Reads until the text comes; returns all up to there and what came with it. Throws TimedOut.
    std::string readThrough(const std::string& text) const;

  private:
    int _master;
    int _held;
};

} // namespace connector::test
