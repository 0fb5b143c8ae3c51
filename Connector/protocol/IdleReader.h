#pragma once

#include "protocol/Pipe2Line.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace connector {

/// Understands what the peer says while a connection of PIPE/2 is idle: beats, and OPEN with the first
/// bytes behind it.
class IdleReader {
  public:
    enum class Event {
        Nothing, ///< all bytes are taken, and something is still to come
        Beat,
        Open, ///< with all its first bytes; visitor() and firstBytes() are about it
        Bad,  ///< error() says what was wrong
    };

    /// Takes bytes from the front of `bytes` up to the end of the next event. After Open the connection is
    /// not idle any more: not to be called before forgetOpen(). Not to be called after Bad.
    Event read(std::span<const std::byte>& bytes);

    /// Something has begun and has not ended.
    bool isInside() const { return _missing > 0 || _lines.isInLine(); }

    const std::string& visitor() const { return _visitor; }
    const std::vector<std::byte>& firstBytes() const { return _firstBytes; }
    const std::string& error() const { return _error; }

    /// The conversation did not come about, and the connection is idle again.
    void forgetOpen();

  private:
    friend class AnswerReader; // goes on where this one stopped
    Event takeLine();
    Event takeFirstBytes(std::span<const std::byte>& bytes);
    Event bad(const std::string& error);

    LineReader _lines;
    std::string _visitor;
    std::vector<std::byte> _firstBytes;
    std::size_t _missing = 0;
    std::string _error;
};

} // namespace connector
