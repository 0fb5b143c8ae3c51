#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace connector {

/// One line of PIPE/2 behind the greeting, between Connector and agent, in either direction
/// (doc/protocol.md).
struct Pipe2Line {
    enum class Kind { Beat, Open, Opened, Refused };

    /// The most bytes that a line may have, its end included.
    static constexpr std::size_t kMaxLength = 256;
    /// The most bytes of payload that may follow OPEN at once.
    static constexpr std::size_t kMaxFirstBytes = 64 * 1024;

    Kind kind = Kind::Beat;
    /// Open: the visitor's address. Refused: the reason.
    std::string text;
    /// Open: how many bytes of payload follow this line at once.
    std::size_t firstBytes = 0;

    static Pipe2Line beat() { return {Kind::Beat, "", 0}; }
    static Pipe2Line open(const std::string& address, std::size_t firstBytes) {
        return {Kind::Open, address, firstBytes};
    }
    static Pipe2Line opened() { return {Kind::Opened, "", 0}; }
    static Pipe2Line refused(const std::string& reason) { return {Kind::Refused, reason, 0}; }

    /// Understands a line without its end; nothing when it is not one of PIPE/2.
    static std::optional<Pipe2Line> parse(std::string_view line);

    /// The line as it is sent, with its end; a reason is cut to what fits.
    std::string toString() const;
};

/// Cuts the bytes that a connection delivers into lines of at most Pipe2Line::kMaxLength bytes.
class LineReader {
  public:
    enum class Status {
        Incomplete, ///< all bytes are taken, and the line goes on
        Complete,   ///< line() is one; bytes behind it are not taken
        Bad,        ///< too long, or not printable ASCII
    };

    /// Takes bytes from the front of `bytes` up to the end of a line. Not to be called after Bad.
    Status read(std::span<const std::byte>& bytes);

    /// The line without its end; valid after Complete, until the next read().
    const std::string& line() const { return _line; }

    /// A line has begun and has not ended.
    bool isInLine() const { return !_complete && !_line.empty(); }

  private:
    std::string _line;
    bool _complete = false;
};

} // namespace connector
