#pragma once

#include "net/Stream.h"
#include "net/Timer.h"

#include <chrono>
#include <functional>

namespace connector {

/// True when the message is PIPE/1's heartbeat: "BEAT", once or repeated, and nothing else.
bool isHeartbeat(std::span<const std::byte> message);

/// PIPE/1's heartbeat on one connection: sends and answers beats, and notices silence.
///
/// A beat is left out when payload was sent since the last one: payload is sign of life enough, and the fewer
/// beats there are in the stream, the less can be mistaken for data. On the thread of the stream's loop.
class Heartbeat {
  public:
    struct Settings {
        /// Silence of the other end after which onSilent is called; 0: never.
        std::chrono::milliseconds absenceThreshold{0};
        /// An own beat when nothing was sent for so long; 0: never. It is the agent that sends them.
        std::chrono::milliseconds interval{0};
        /// Whether beats are answered; it is Connector that answers them.
        bool answers = false;
    };

    /// The silence counts from start(). onSilent: called once, then again only after start().
    Heartbeat(EventLoop& loop, const Settings& settings, std::function<void()> onSilent);

    /// Starts both clocks anew, on this stream, which must outlive this object or the next start().
    void start(Stream& stream);

    /// Stops both clocks.
    void stop() { _timer.cancel(); }

    /// Takes note of a message; true when it was a heartbeat, which must go no further.
    bool absorb(std::span<const std::byte> message);

    /// Takes note that payload was sent, or is kept by the stream to be sent.
    void payloadSent();

  private:
    void check();
    void schedule();

    EventLoop& _loop;
    Settings _settings;
    std::function<void()> _onSilent;
    Stream* _stream = nullptr;
    EventLoop::Clock::time_point _lastHeard;
    EventLoop::Clock::time_point _lastSent;
    bool _payloadSinceBeat = false;
    Timer _timer;
};

} // namespace connector
