#pragma once

#include "base/Reloadable.h"
#include "http2/Http2Stream.h"
#include "net/Timer.h"
#include "pipe/PipeLimits.h"
#include "relay/RelayPeer.h"

#include <list>
#include <memory>
#include <string>

namespace connector {

/// The streams that an agent of a private mapping has opened, while they wait for somebody on the other side.
/// Lives on its pipe's loop, as they do.
class WaitingStreams {
  public:
    /// One is refused when it has waited for as long as a visitor may. role: what a relay calls the agent, a
    /// literal.
    WaitingStreams(EventLoop& loop, const Reloadable<PipeLimits>& limits, const char* role);
    ~WaitingStreams();

    /// visitor: whom it is for.
    void add(std::unique_ptr<Http2Stream> stream, const std::string& visitor);

    /// Takes back one that was taken and not joined; it waits in front of the others for what is left of its
    /// time.
    void putBack(RelayPeer stream);

    bool isEmpty() const { return _waiting.empty(); }

    /// Takes the one that has waited the longest.
    RelayPeer take();

    /// Refuses all.
    void refuseAll(const std::string& reason);

  private:
    class Waiting;
    using List = std::list<std::unique_ptr<Waiting>>;

    void remove(Waiting& waiting);

    EventLoop& _loop;
    const Reloadable<PipeLimits>& _limits;
    const char* const _role;
    List _waiting;
};

/// Answers a stream that an agent has opened, which has not been answered, and leaves it to the loop.
void refuseStream(EventLoop& loop, RelayPeer peer, int status, const std::string& reason);

} // namespace connector
