#pragma once

#include "base/Lifeline.h"
#include "net/SocketStream.h"
#include "pipe/Handshakes.h"

#include <Poco/Net/SocketAddress.h>

#include <memory>
#include <string>

namespace connector {

/// The TLS handshake of a connection that was accepted, on a loop that has less to do than the pipe's: it
/// takes a thousand times the work of a small message. Those on a loop take turns. When it is done the
/// connection comes back. Functions are for the pipe's loop.
class Handshake final : public std::enable_shared_from_this<Handshake>,
                        private StreamHandler,
                        private HandshakeTurns::Waiter {
  public:
    /// Whoever has accepted the connection. Called on the pipe's loop.
    class Owner {
      public:
        /// Attached to the pipe's loop or to none.
        virtual void onShaken(std::unique_ptr<SocketStream> stream) = 0;
        virtual void onNotShaken(const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// home: the pipe's loop; all: where it may be done. owner must live until it was told, or has cancelled.
    /// hold: of the pipe. isKnown: see HandshakeTurns.
    Handshake(EventLoop& home, Handshakes& all, std::unique_ptr<SocketStream> stream, Owner& owner,
              Lifeline::Hold hold, bool isKnown = false);

    /// May call the owner.
    void start();

    /// Closes the connection; the owner is not called any more.
    void cancel();

    const Poco::Net::SocketAddress& peer() const { return _peer; }

  private:
    void startInLoop();
    void onReady(Stream& stream) override;
    void onTurn() override;
    void finish(const std::string& failure);
    void tell(const std::string& failure);
    void count(HandshakeResult result);

    const Lifeline::Hold _hold; ///< first: the pipe's connections must be closed before the pipe is
    EventLoop& _home;
    Handshakes& _all;
    EventLoop& _loop;
    HandshakeTurns& _turns; ///< of _loop
    const bool _isTls;      ///< else there is nothing to do
    const Poco::Net::SocketAddress _peer;
    std::unique_ptr<SocketStream> _stream; ///< of _loop until it has finished, then of _home
    Owner& _owner;
    const std::string _addressOwner;
    const bool _isKnown;
    bool _isRunning = false;   ///< of _loop
    bool _awaitsTurn = false;  ///< of _loop
    bool _isCancelled = false; ///< of _home
};

} // namespace connector
