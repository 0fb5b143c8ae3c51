#pragma once

#include "api/StopSignal.h"

#include <Poco/Net/Context.h>
#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace connector {

/// The connection has failed, or the client does not play its part; nothing can be answered any more.
class ConnectionLost : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// One client's connection, plain or TLS, used by one thread. Every function that waits does so until a point
/// in time and not for a time: a client that sends a byte now and then gains nothing by it.
class ClientSocket {
  public:
    using Clock = std::chrono::steady_clock;
    using Deadline = Clock::time_point;

    /// Makes the socket non-blocking. tls: null for plain TCP. stop: must outlive this.
    ClientSocket(const Poco::Net::StreamSocket& socket, const Poco::Net::Context::Ptr& tls,
                 const StopSignal& stop);

    /// Completes the TLS handshake, if there is one. Throws ConnectionLost, and as receive() does.
    void handshake(Deadline deadline);

    /// SHA-256 fingerprint of the client's certificate in lower-case hexadecimal, "" without one. After
    /// handshake().
    std::string certificateFingerprint() const;

    /// Waits for bytes; returns how many, or 0 when the client has ended its sending. Throws HttpError 408
    /// when the deadline has passed, HttpError 503 when the stop signal comes, ConnectionLost.
    std::size_t receive(char* into, std::size_t size, Deadline deadline);

    /// Sends all of it. The stop signal shortens the time to a second. Throws ConnectionLost, also at the
    /// deadline.
    void send(std::string_view bytes, Deadline deadline);

    /// Ends sending, and drops what the client still sends until it closes: up to 1 MiB, for up to a second.
    /// Closing a socket with unread bytes would reset the connection, and the client would lose the answer.
    void endAndDrain();

    bool isStopping() const { return _stop.isRaised(); }

  private:
    enum class Waited { Ready, TimedOut, Stopping };

    Waited wait(short events, Deadline deadline, bool untilStop) const;
    void waitToReceive(int result, Deadline deadline) const;

    Poco::Net::StreamSocket _tcp;
    bool _isTls;
    /// _tcp itself, or TLS on top of it.
    Poco::Net::StreamSocket _socket;
    const StopSignal& _stop;
};

} // namespace connector
