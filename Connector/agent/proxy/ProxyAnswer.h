#pragma once

#include <cstddef>
#include <string>

namespace connector {

/// The head of what a proxy answers to CONNECT, as it comes: byte by byte, as what is behind it is the
/// place's. Interim answers in front of it are read over.
class ProxyAnswer {
  public:
    /// Bytes up to its empty line, with interim answers: as many as most servers take of a request.
    static constexpr std::size_t kMaxHead = 8192;

    /// What is wrong when the connection ends before isComplete().
    static constexpr const char* kNone = "it closed the connection without an answer";

    /// Takes the next byte, until isComplete(). Returns what is wrong with it; empty: nothing.
    std::string take(char next);

    bool isComplete() const;

    const std::string& head() const { return _head; }

  private:
    std::string _head;
    std::size_t _taken = 0; ///< bytes, of interim answers, too
};

} // namespace connector
