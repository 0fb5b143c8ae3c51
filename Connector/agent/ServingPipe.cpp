#include "agent/ServingPipe.h"

namespace connector {

ServingPipe::ServingPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                         const Poco::Net::Context::Ptr& tls, PipeWatcher* watcher_)
    : SessionPipe(environment_, settings, Http2Session::Role::Serves, tls, watcher_) {
    auto& loops = environment().loops();
    for (std::size_t i = 0; i < loops.size(); ++i)
        _calls.emplace(&loops.at(i),
                       std::make_unique<TargetCalls>(loops.at(i), settings, name(), relays(), lifeline(),
                                                     environment().logs().failed, watcher()));
}

void ServingPipe::onStream(Pipe2Connection& connection, std::unique_ptr<Http2Stream> stream,
                           const ConnectRequest& request) {
    _calls.at(&connection.loop())->call(std::move(stream), request.visitor);
}

} // namespace connector
