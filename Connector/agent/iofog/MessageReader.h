#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace connector {

/// What stock agents put behind a message, as a record of its own.
inline constexpr std::string_view kMessageEnd = "TXEND";
/// What a receiver answers, as a record of its own.
inline constexpr std::string_view kMessageAck = "ACK";
/// Ours: what is sent in place of a message to learn whether the receiver acknowledges. A stock agent takes
/// it for a message with an impossible size, drops it with whatever it held in front of it, and says so in
/// its log.
inline constexpr std::string_view kMessageProbe = "HELLO";

/// Understands what comes on a connection that carries ioMessages: a state machine without a socket.
///
/// It goes by the sizes in the messages' headers, not by where records end, so that it needs no records: in
/// plain TCP there are none. What it can't understand it leaves out up to the next TXEND.
class MessageReader {
  public:
    enum class Event {
        Nothing, ///< all bytes are taken, and there is nothing to say yet
        Message, ///< message() is complete, and may be moved away
        Probe,   ///< wants an acknowledgement and has no message
        Ack,
        Damaged, ///< something ended that was no message; damage() says what it was
    };

    /// Takes bytes off the front, up to the next event.
    Event read(std::span<const std::byte>& bytes);

    /// Without its header. Valid until the next read().
    std::string& message() { return _message; }

    const std::string& damage() const { return _damage; }

  private:
    enum class State {
        Between, ///< two messages, or in a word
        Header,
        Body,
        End,  ///< of a message
        Lost, ///< up to the next TXEND
    };

    Event readWord(char next);
    Event wordIs(std::string_view word);
    void readHeader(char next);
    void readBody(std::span<const std::byte>& bytes);
    Event readEnd(char next);
    Event skip(char next);
    void lose(const std::string& why);

    State _state = State::Between;
    std::string _word; ///< what has come of a word or a header; while lost, the latest bytes
    std::size_t _size = 0;
    std::string _message;
    std::string _damage;
};

} // namespace connector
