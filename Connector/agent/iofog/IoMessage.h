#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// What every ioMessage has in front of it, on the node's message socket and on a pipe.
inline constexpr char kIoMessageCode = 0x0D;
/// That code and the message's size, four bytes, big-endian.
inline constexpr std::size_t kIoMessageHeader = 5;
/// The largest message with its header: stock agents take no larger one.
inline constexpr std::size_t kMaxIoMessage = 10 * 1024 * 1024;

/// The message with its header in front.
std::string framed(std::string_view message);

/// The size that a header of kIoMessageHeader bytes tells.
std::size_t sizeInHeader(std::string_view header);

/// A view of one ioMessage: version 4, as containers and the node's agent encode it. It has a fixed part with
/// the sizes of all fields, and then the fields.
class IoMessage {
  public:
    /// bytes: must outlive the view. Nothing when they are no ioMessage of that version.
    static std::optional<IoMessage> parse(std::string_view bytes);

    /// What the node's bus has called it; may be empty.
    std::string_view id() const;

    /// The message as a container hands it to its node's bus: by that publisher, and without id and
    /// timestamp, which the bus gives. A bus takes no message from a publisher that it doesn't know.
    std::string publishedBy(std::string_view publisher) const;

  private:
    static constexpr std::size_t kFields = 19;
    using Fields = std::array<std::string_view, kFields>;

    explicit IoMessage(const Fields& fields) : _fields(fields) {}

    Fields _fields; ///< in their order
};

/// What the log calls a message: its id, or that it has none.
std::string nameOf(std::string_view message);

} // namespace connector
