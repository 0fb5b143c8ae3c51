#pragma once

#include "net/Stream.h"
#include "net/Timer.h"

#include <chrono>
#include <optional>
#include <string_view>

namespace connector {

/// True when the message is PIPE/1's heartbeat: "BEAT", once or repeated, and nothing else.
bool isHeartbeat(std::span<const std::byte> message);

/// PIPE/1's heartbeat on one connection: sends and answers beats, and notices silence. On the thread of the
/// stream's loop.
///
/// A beat is left out when payload was sent since the last one: payload is sign of life enough, and
/// the fewer beats there are in the stream, the less can be mistaken for data.
class Heartbeat {
  public:
    /// Whoever uses the connection.
    class Owner {
      public:
        /// The peer has been silent past the threshold. Called once for each start() and restart().
        virtual void onSilent() = 0;

      protected:
        ~Owner() = default;
    };

    struct Settings {
        /// Silence of the peer after which the owner is told; 0: never.
        std::chrono::milliseconds absenceThreshold{0};
        /// An own beat when nothing was sent for so long; 0: never. It is the agent that sends them.
        std::chrono::milliseconds interval{0};
        /// Whether beats are answered; it is Connector that answers them.
        bool answers = false;

        /// What Connector does on a connection to an agent.
        static Settings ofConnector(std::chrono::milliseconds absenceThreshold) {
            return {absenceThreshold, {}, true};
        }
    };

    /// Both must outlive the heartbeat.
    Heartbeat(EventLoop& loop, Owner& owner);

    /// What it knows of the connection.
    struct State {
        EventLoop::Clock::time_point lastHeard;
        EventLoop::Clock::time_point lastSent;
        bool payloadSinceBeat = false;
    };
    State state() const { return _state; }

    /// Starts both clocks on this stream, which must outlive this object or the next start(). before: what
    /// another heartbeat knew of this connection, to go on from; nothing: both clocks are new.
    void start(Stream& stream, const Settings& settings, const std::optional<State>& before = {});

    /// Starts both clocks anew.
    void restart();

    /// Stops both clocks.
    void stop() { _timer.cancel(); }

    /// Takes note of a message; true when it was a heartbeat, which must go no further.
    bool absorb(std::span<const std::byte> message);

    /// Takes note of a sign of life.
    void heard() { _state.lastHeard = now(); }

    /// Takes note that payload was sent, or is kept by the stream to be sent.
    void payloadSent();

  private:
    EventLoop::Clock::time_point now() const { return _timer.loop().now(); }
    void beatReceived();
    void beat();
    void check();
    void schedule();

    Owner& _owner;
    Settings _settings;
    Stream* _stream = nullptr;
    State _state;
    Timer _timer;
};

} // namespace connector
