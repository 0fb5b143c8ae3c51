#pragma once

#include <cstddef>
#include <string_view>

namespace connector {

/// Recognizes an ioMessage that has come again because its sender has not heard in time that it had come.
/// Senders do that with their latest message only, so that there is one to remember.
class RepetitionFilter {
  public:
    /// Whether it is the same as the latest one, and takes note of it. Messages without an id may well be
    /// alike, and count as different.
    bool isRepeated(std::string_view message);

  private:
    std::size_t _latest = 0; ///< its hash
    bool _isKnown = false;
};

} // namespace connector
