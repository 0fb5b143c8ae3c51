#pragma once

#include "agent/AgentConfiguration.h"
#include "agent/PipeWatcher.h"
#include "agent/Remote.h"
#include "agent/Resolver.h"
#include "base/Lifeline.h"
#include "http2/Http2Stream.h"
#include "net/LimitedLog.h"
#include "relay/RelaySet.h"

#include <list>
#include <memory>
#include <string>

namespace connector {

/// Connects streams that Connector has opened to a pipe's target, on one loop.
class TargetCalls {
  public:
    /// name: what the log calls the pipe. watcher: may be null. All of them must outlive it, and it must
    /// outlive what holds on to the lifeline. Any thread.
    TargetCalls(EventLoop& loop, const AgentPipeSettings& settings, std::string name, RelaySet& relays,
                const Lifeline& lifeline, LimitedLog& failures, PipeWatcher* watcher);
    ~TargetCalls();

    /// On the loop: joins the stream to the target when that can be reached, else refuses it.
    void call(std::unique_ptr<Http2Stream> stream, const std::string& visitor);

  private:
    class Call;

    void join(std::unique_ptr<Http2Stream> stream, std::unique_ptr<Stream> target,
              const std::string& visitor);
    void reportFailure(const std::string& visitor, const std::string& why);
    void remove(Call& call);

    EventLoop& _loop;
    Resolver _resolver;
    Remote _target;
    const ProxyProtocol _proxyProtocol;
    const std::string _name;
    RelaySet& _relays;
    const Lifeline& _lifeline;
    std::list<std::unique_ptr<Call>> _calls;
    LimitedLog& _failures;
    PipeWatcher* const _watcher;
};

} // namespace connector
