#pragma once

#include "protocol/IdleReader.h"

#include <cstddef>
#include <span>
#include <string>

namespace connector {

/// Understands the answer to OPEN on a connection of PIPE/2. Beats, and an OPEN of the peer's own with
/// its first bytes, may come before it: they were sent before the peer knew of ours.
class AnswerReader {
  public:
    enum class Event {
        Nothing, ///< all bytes are taken, and the answer is still to come
        Crossed, ///< an OPEN of the peer's own has come, with all its first bytes, and is dropped
        Opened,
        Refused, ///< reason() says why
        Bad,     ///< error() says what was wrong
    };

    /// idle: how far the reading was when OPEN was sent.
    explicit AnswerReader(const IdleReader& idle) : _lines(idle._lines), _toDrop(idle._missing) {}

    /// Takes bytes from the front of `bytes` up to the end of the next event. Not to be called after the
    /// answer, nor after Bad.
    Event read(std::span<const std::byte>& bytes);

    const std::string& reason() const { return _text; }
    const std::string& error() const { return _text; }

  private:
    Event takeLine();

    LineReader _lines;
    std::size_t _toDrop;
    std::string _text;
};

} // namespace connector
