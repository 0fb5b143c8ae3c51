#pragma once

#include "net/EventLoop.h"
#include "net/Stream.h"

#include <Poco/Net/SocketAddress.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace connector {

class ConnectRequestReader;
class Http2Session;
class WindowTuner;

/// One stream of an HTTP/2 session (RFC 9113) that was opened with CONNECT: a Stream like any other, for a
/// relay. It never leaves its session's loop; the session may end before it.
///
/// What is sent waits here until the session sends it, at the end of the loop's round at the latest. What
/// comes waits here until it is taken, and as long as it waits the peer has no more credit for it: so one
/// whose bytes nobody takes holds nobody else up, and holds no more memory than its window.
class Http2Stream final : public Stream, private EventHandler {
  public:
    /// What the peer has said to a stream that was opened here.
    enum class Answer {
        Awaited,
        Accepted,
        Refused,      ///< reason() says why
        NotProcessed, ///< nobody has seen it: it may be opened on another session. reason() says why
    };

    /// Tells the peer, unless the stream has ended both ways: that it was not processed, if it has had no
    /// answer yet, else that it is reset.
    ~Http2Stream() override;

    /// Of a stream that was opened here. When it changes, the handler is called.
    Answer answer() const { return _answer; }
    const std::string& reason() const { return _reason; }

    /// The same: HTTP's, once it is refused; 0 when it was refused without one.
    int status() const { return _status; }

    /// Of a stream that the peer has opened, once, before anything is sent: bytes may go both ways from now
    /// on.
    void accept();

    /// The same: there is nothing to be had. status: of HTTP, from 400 on. reason: for the opener's log.
    void refuse(int status, const std::string& reason);

    bool attach(EventLoop& loop, StreamHandler& handler) override;
    void detach() override { _handler = nullptr; }
    void again() override;
    Received receive(std::span<std::byte> into) override;
    std::span<const std::byte> received() const override;
    void skip(std::size_t bytes) override;
    using Stream::send;
    Status send(std::span<const std::byte> bytes) override;
    Status sendMessages(std::span<const std::byte> bytes, std::span<const std::uint32_t>) override {
        return send(bytes); // a stream has no messages
    }
    Status flush() override;
    std::size_t unsent() const override { return _out.size() - _outBegin + _borrowed.size(); }
    Status endSending() override;
    void resetOnClose() override { _mustReset = true; }

    /// 0: a reset follows the bytes that were sent before it.
    int unacknowledged() const override { return 0; }

    bool isBroken() const override { return _isBroken; }
    std::string failure() const override { return _reason; }

    /// Of the session.
    const Poco::Net::SocketAddress& peer() const override { return _peer; }

    void deliversTo(const Stream& receiver) override { _receiver = &receiver; }

  private:
    friend class Http2Session;
    friend class WindowTuner;

    Http2Stream(Http2Session& session, EventLoop& loop, const Poco::Net::SocketAddress& peer);

    void onEvents(std::uint32_t events) override;
    void keep(std::span<const std::byte> bytes);
    void takeIn(std::span<const std::byte> bytes) { _fresh.push_back(bytes); }
    void keepFresh();
    std::int64_t arrived() const;
    std::size_t untaken() const;
    void skipOut(std::size_t bytes);
    std::span<const std::byte> out() const;
    void breakOff(const std::string& reason);

    Http2Session* _session; ///< null once that has ended
    EventLoop& _loop;
    StreamHandler* _handler = nullptr;
    const Stream* _receiver = nullptr; ///< where what is received goes
    Poco::Net::SocketAddress _peer;
    std::unique_ptr<ConnectRequestReader> _request; ///< of one that the peer opens, until the owner has it
    std::string _reason;
    std::vector<std::byte> _in; ///< received, not taken
    /// The same, behind _in: in the buffer that the session has received them into, and is about to deliver
    /// them from.
    std::vector<std::span<const std::byte>> _fresh;
    std::vector<std::byte> _out;
    std::span<const std::byte> _borrowed; ///< the same, behind _out, while send() is under way
    std::size_t _inBegin = 0;
    std::size_t _freshBegin = 0; ///< entries of _fresh that were taken
    std::size_t _outBegin = 0;
    std::uint64_t _taken = 0; ///< bytes that receive() has returned
    std::int32_t _id = 0;
    std::int32_t _window = 0; ///< how much credit the peer has at the most
    /// Of the measurement by which the window grows: what had been taken when the last one ended, and what
    /// had arrived when this one began.
    std::uint64_t _measuredTaken = 0;
    std::int64_t _measuredArrived = 0;
    std::size_t _index = 0; ///< among the session's streams
    Answer _answer = Answer::Awaited;
    int _statusRead = 0;        ///< of the answer, while its fields come in
    int _status = 0;            ///< then
    bool _isMine = false;       ///< was opened here
    bool _isKnown = false;      ///< to the session's owner
    bool _isMeasured = false;   ///< in this round trip
    bool _isOpen = false;       ///< for nghttp2
    bool _isAnswered = false;   ///< the peer's stream: accepted or refused
    bool _peerHasEnded = false; ///< its sending side
    bool _isEnding = false;     ///< our sending side is to end behind what is kept
    bool _isBroken = false;
    bool _mustReset = false;
    bool _isDeferred = false; ///< nghttp2 has asked for bytes when there were none
    bool _isReady = false;    ///< the handler is to be called
    bool _isFed = false;      ///< _fresh was filled
};

} // namespace connector
