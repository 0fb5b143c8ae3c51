#pragma once

#include <cstddef>
#include <string>

namespace connector {

/// The head of what a proxy answers to CONNECT, as it comes: byte by byte, as what is behind it is the
/// place's.
class ProxyAnswer {
  public:
    /// Bytes of it up to its empty line, as many as most servers take of a request.
    static constexpr std::size_t kMaxHead = 8192;

    /// What is wrong when the connection ends before isComplete().
    static constexpr const char* kNone = "it closed the connection without an answer";

    /// Takes the next byte, until isComplete(). Returns what is wrong with it; empty: nothing.
    std::string take(char next);

    bool isComplete() const;

    const std::string& head() const { return _head; }

  private:
    std::string _head;
};

} // namespace connector
