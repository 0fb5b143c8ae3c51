#pragma once

#include <stdexcept>
#include <string>

namespace connector {

/// A command that could not be carried out. what() is for the one who gave it; it says what is wrong, where,
/// and what would be right.
class CommandError : public std::runtime_error {
  public:
    /// exitCode: one of Poco::Util::Application::ExitCode, which are those of sysexits.h, or a command's own.
    CommandError(int exitCode, const std::string& message)
        : std::runtime_error(message), _exitCode(exitCode) {}

    int exitCode() const { return _exitCode; }

  private:
    int _exitCode;
};

} // namespace connector
