#pragma once

#include "net/Stream.h"
#include "net/Timer.h"
#include "pipe/Protocol.h"

#include <chrono>
#include <functional>
#include <string_view>

namespace connector {

/// True when the message is PIPE/1's heartbeat: "BEAT", once or repeated, and nothing else.
bool isHeartbeat(std::span<const std::byte> message);

/// The heartbeat on one connection: sends and answers beats, and notices silence. On the thread of the
/// stream's loop.
///
/// In PIPE/1 a beat is left out when payload was sent since the last one: payload is sign of life enough, and
/// the fewer beats there are in the stream, the less can be mistaken for data.
class Heartbeat {
  public:
    /// What is sent for a beat.
    static constexpr std::string_view kPipe1Beat = "BEAT";
    static constexpr std::string_view kPipe2Beat = "BEAT\n";

    struct Settings {
        /// Silence of the other end after which onSilent is called; 0: never.
        std::chrono::milliseconds absenceThreshold{0};
        /// An own beat when nothing was sent for so long; 0: never. It is the agent that sends them.
        std::chrono::milliseconds interval{0};
        /// Whether beats are answered; it is Connector that answers them.
        bool answers = false;
        std::string_view beat = kPipe1Beat;

        /// What Connector does on a connection to an agent.
        static Settings ofConnector(Protocol protocol, std::chrono::milliseconds absenceThreshold) {
            return {absenceThreshold, {}, true, protocol == Protocol::Pipe2 ? kPipe2Beat : kPipe1Beat};
        }
    };

    /// onSilent: called once for each start() and restart().
    Heartbeat(EventLoop& loop, std::function<void()> onSilent);

    /// Starts both clocks on this stream, which must outlive this object or the next start().
    void start(Stream& stream, const Settings& settings);

    /// Starts both clocks anew.
    void restart();

    /// Stops both clocks.
    void stop() { _timer.cancel(); }

    /// Takes note of a message of PIPE/1; true when it was a heartbeat, which must go no further.
    bool absorb(std::span<const std::byte> message);

    /// Takes note of a sign of life.
    void heard() { _lastHeard = _loop.now(); }

    /// Takes note of a beat, and answers it.
    void beatReceived();

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
