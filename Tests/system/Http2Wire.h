#pragma once

#include "Http2Session.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace connector::test {

/// "PRI * HTTP/2.0..."
std::string http2Preface();

/// A frame as it is on the wire (RFC 9113, section 4.1), whether it makes sense or not.
std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = "");

/// 4 bytes, most significant first.
std::string bytesOf(std::uint32_t number);

/// An entry of SETTINGS.
std::string setting(std::uint16_t id, std::uint32_t value);

/// A header block without Huffman codes; nothing of it goes into the receiver's table.
std::string headerBlock(const HeaderFields& fields);

/// One end of an HTTP/2 connection whose frames the test makes itself, as no library would.
class Http2Wire {
  public:
    /// Behind the greeting and its answer.
    explicit Http2Wire(PipeClient connection)
        : _connection(std::move(connection)), _localPort(_connection.localPort()) {}

    /// While it is deaf it takes nothing of what comes.
    void setDeaf(bool yes) { _isDeaf = yes; }

    /// Sends everything, unless the other end ends the connection first. Returns whether that is still open.
    bool send(std::string_view bytes);

    /// Sends the same again and again, at most so many times, until the other end ends the connection.
    void flood(const std::string& frames, std::uint64_t times);

    /// Takes what comes until the other end has ended the connection, or has answered a PING. Returns whether
    /// it is the latter.
    bool isAlive();

    /// Takes what comes until the connection has ended. Throws TimedOut.
    void awaitEnd();

    /// Takes what comes until there is a frame of this type for this stream; throws ConnectionLost.
    void awaitFrame(std::uint8_t type, std::uint32_t stream);

    /// What has come: the code of GOAWAY, and of RST_STREAM of this stream.
    std::optional<std::uint32_t> goawayCode() const { return _goawayCode; }
    std::optional<std::uint32_t> resetCode(std::uint32_t stream) const;

    /// The first stream that the other end has opened. Throws ConnectionLost.
    std::uint32_t awaitStream();

    void close() { _connection.close(); }

    std::uint16_t localPort() const { return _localPort; }

  private:
    struct Frame {
        std::uint8_t type = 0;
        std::uint8_t flags = 0;
        std::uint32_t stream = 0;
        std::string payload;
    };

    void wait(short events);
    bool receiveNow();
    bool skipPreface();
    void takeFrames();
    void take(const Frame& frame);
    const Frame* find(std::uint8_t type, std::uint32_t stream) const;
    template <typename Condition>
    bool receiveUntil(Condition condition);

    PipeClient _connection;
    std::uint16_t _localPort;
    bool _isDeaf = false;
    bool _isEnded = false;
    bool _isPrefaceOver = false;
    std::string _input;
    /// All but the many that nobody asks for: DATA, WINDOW_UPDATE, and acknowledgements.
    std::vector<Frame> _frames;
    std::optional<std::uint32_t> _goawayCode;
    int _pingAnswers = 0;
};

} // namespace connector::test
