#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

namespace connector::test {

/// How long a thing may take before it counts as hanging. It is no measure of speed: sanitized builds on a
/// busy two-core machine must stay far below it.
constexpr std::chrono::seconds kPatience{30};

/// Something did not happen within its deadline; what() says what was waited for.
class TimedOut : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// A point in time that work must be done by.
class Deadline {
  public:
    explicit Deadline(std::chrono::milliseconds patience = kPatience);

    bool passed() const;
    /// What is left, for poll(); never negative.
    int milliseconds() const;

  private:
    std::chrono::steady_clock::time_point _end;
};

/// Returns as soon as the condition holds. Throws TimedOut, naming `what`, when it never does.
void waitUntil(const std::string& what, const std::function<bool()>& condition,
               std::chrono::milliseconds patience = kPatience);

/// Returns once the value has been the same for a quarter of a second: the way to see that something is
/// stuck.
void waitUntilStalled(const std::string& what, const std::function<std::uint64_t()>& value);

/// A size for tests that move much data: times CONNECTOR_TEST_SCALE, which is below 1 for programs that a
/// sanitizer slows down.
std::uint64_t scaled(std::uint64_t full);

/// Whether CONNECTOR_TEST_SCALE says that the programs are slowed down, and so larger, too.
bool isScaledDown();

} // namespace connector::test
