#pragma once

#include "base/Lifeline.h"
#include "http2/Http2Session.h"
#include "pipe/ConnectionQuery.h"
#include "pipe/Opening.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace connector {

/// A connection of PIPE/2 behind its greeting, at either end: an HTTP/2 session on a loop of its own, and
/// what the pipe, on another, must know to choose between connections. Functions are for the pipe's loop.
class Pipe2Connection final : public std::enable_shared_from_this<Pipe2Connection>,
                              private Http2Session::Owner,
                              private Opening::Keeper {
  public:
    /// The pipe, or the part of it that keeps its connections.
    class Owner {
      public:
        /// The peer has opened a stream, which must be accepted or refused. On the connection's loop.
        virtual void onStream(Pipe2Connection& connection, std::unique_ptr<Http2Stream> stream,
                              const ConnectRequest& request) = 0;
        /// It may be usable again. On the pipe's loop, as what follows.
        virtual void onUsable(Pipe2Connection& connection) = 0;
        /// No streams can be opened any more; those that are open go on.
        virtual void onGoingAway(Pipe2Connection& connection) = 0;
        /// It has more streams open than the pipe wanted to hear of (watchStreams()).
        virtual void onManyStreams(Pipe2Connection& connection) = 0;
        /// It is over, and so are its streams.
        virtual void onEnded(Pipe2Connection& connection, const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    struct Settings {
        /// The pipe's, and the connection's, which may be the same.
        EventLoop& home;
        EventLoop& loop;
        Http2Session::Role role;
        Http2Session::Liveness liveness;
        /// What streams that are opened here say they are for.
        std::string authority;
        /// For an answer to a stream that was opened here.
        std::chrono::milliseconds openLimit;
        /// Must outlive it.
        Http2Session::Context context;
        /// Of the owner.
        Lifeline::Hold hold;
        /// Of the connection, and the port that it came by: 0 for port1, 1 for port2.
        ConnectionTag tag{};
        std::size_t side = 0;
    };

    /// owner must outlive what holds on to the lifeline.
    Pipe2Connection(Settings settings, Owner& owner);

    /// Takes over the connection, which is attached to the pipe's loop or to none, and begins to speak.
    /// received: what has come already of HTTP/2.
    void start(std::unique_ptr<SocketStream> transport, std::span<const std::byte> received);

    /// Opens a stream for a connection that is attached to the pipe's loop or to none. `visitor`: for whom.
    void open(RelayPeer opener, const std::string& visitor, Opening::Owner& owner);

    /// No streams are to be opened any more; it ends when those that there are have ended.
    void goAway();

    /// Ends at once. Owner::onEnded() follows.
    void end(const std::string& why);

    /// Stream::probe() of its connection.
    void probe();

    /// Adds it, and those that it has streams opened for which are not answered yet, soon.
    void report(const std::shared_ptr<ConnectionQuery>& query);

    /// Ends the stream that was opened for the connection with that number and is not answered yet, soon, and
    /// adds that connection. otherwise: called when there is none; on the connection's loop.
    void endOpening(std::uint64_t number, const std::string& why,
                    const std::shared_ptr<ConnectionQuery>& query, const std::function<void()>& otherwise);

    const ConnectionTag& tag() const { return _settings.tag; }

    /// What the pipe knows of it.
    ConnectionReport ownReport() const;

    /// Says when more than so many streams are open.
    void watchStreams(int most) { _watched.store(most, std::memory_order_relaxed); }

    Http2Session::Role role() const { return _settings.role; }
    EventLoop& loop() const { return _settings.loop; }
    const Poco::Net::SocketAddress& peer() const { return _peer; }

    /// By the address, and by what streams are for: several Connectors may be behind the address of a proxy.
    std::string peerName() const override;

    /// A stream can be opened now.
    bool isUsable() const;

    /// Whether it has missed a sign of life, or has let a stream wait in vain since it was last heard.
    bool isSilent() const;

    /// Open streams, whoever has opened them.
    int streams() const { return _streams.load(std::memory_order_relaxed); }

    /// Streams that were opened here and are not answered yet.
    int unanswered() const { return _unanswered.load(std::memory_order_relaxed); }

    /// When it was last chosen.
    std::uint64_t lastUsed = 0;

    /// Of the passcode that its peer has proved itself with (Passcodes).
    int passcodeGeneration = 0;

  private:
    void startInLoop(std::unique_ptr<SocketStream> transport, const std::vector<std::byte>& received);
    void openInLoop(RelayPeer opener, const std::string& visitor, Opening::Owner& owner);
    void onConnect(std::unique_ptr<Http2Stream> stream, const ConnectRequest& request) override;
    void onHeard() override;
    void onStreamDestroyed() override;
    void onMostStreams(std::size_t streams) override;
    void onGoingAway() override;
    void onEnded(const std::string& why) override;
    void onOver(Opening& opening) override;
    bool wasHeardSince(EventLoop::Clock::time_point then) const override;
    void onNotProcessed() override;
    void onNoSign() override { _isDoubtful = true; }
    void addStream();
    void runInLoop(std::function<void()> function);
    void runAtHome(std::function<void()> function);

    const Settings _settings; ///< first: others hold on to the owner by it
    Owner& _owner;
    Poco::Net::SocketAddress _peer;
    std::unique_ptr<Http2Session> _session;                           ///< of the connection's loop
    std::unordered_map<Opening*, std::unique_ptr<Opening>> _openings; ///< the same
    std::optional<Timer> _pause;                                      ///< the same
    std::atomic<EventLoop::Clock::time_point> _lastHeard;
    std::atomic<int> _streams{0};
    std::atomic<int> _unanswered{0};
    std::atomic<std::size_t> _most;
    std::atomic<int> _watched;
    std::atomic<bool> _mayOpen{true};
    std::atomic<bool> _isPaused{false};
    std::atomic<bool> _isDoubtful{false};
};

} // namespace connector
