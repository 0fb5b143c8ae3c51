#pragma once

#include "Waiting.h"

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace connector::test {

/// The other side ended the connection while something was still expected of it.
class ConnectionLost : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What bytes are sent into and received from: a connection, or a stream of HTTP/2. Nothing blocks for longer
/// than kPatience; then TimedOut is thrown. One thread may send while another one receives.
class ByteChannel {
  public:
    /// How the other side ended it.
    enum class End {
        Open,      ///< not yet
        Orderly,   ///< FIN, and close_notify before it in TLS; END_STREAM of a stream
        Truncated, ///< FIN without close_notify in TLS
        Reset,     ///< RST; RST_STREAM of a stream, or the end of its connection
    };

    virtual ~ByteChannel() = default;

    /// Sends everything. Throws ConnectionLost.
    virtual void send(std::string_view data) = 0;

    /// Takes as much as it can send within a moment, where it is expected to be stuck. Returns how much.
    virtual std::size_t sendSome(std::string_view data) = 0;

    /// At least one byte, or 0 when it has ended.
    virtual std::size_t receive(char* buffer, std::size_t size) = 0;

    /// Whether there is nothing to receive and no end either, at this moment.
    virtual bool isQuiet() = 0;

    /// How it ended, once receive() has said 0.
    virtual End end() const = 0;

    /// Half-close: nothing more will be sent; receiving goes on.
    virtual void finishSending() = 0;

    /// Exactly so many bytes. Throws ConnectionLost.
    std::string readExactly(std::size_t size);

    /// Everything up to the end.
    std::string readToEnd();

    /// The same, without keeping it. Returns how much it was.
    std::uint64_t skipToEnd();

    /// Everything up to and including this text. Throws ConnectionLost.
    std::string readThrough(std::string_view text);

  protected:
    ByteChannel() = default;
    ByteChannel(const ByteChannel&) = default;
    ByteChannel(ByteChannel&&) = default;
    ByteChannel& operator=(const ByteChannel&) = default;
    ByteChannel& operator=(ByteChannel&&) = default;
};

/// For messages of failed checks.
std::ostream& operator<<(std::ostream& out, ByteChannel::End end);

} // namespace connector::test
