#pragma once

#include "agent/AgentConfiguration.h"
#include "net/Listener.h"

#include <memory>
#include <vector>

namespace connector {

/// Listens where the settings say, on all addresses of the name that this machine has: "localhost" may be
/// two, one of them IPv6. sockets must outlive the listeners. Throws std::runtime_error when it can't. Any
/// thread.
std::vector<std::unique_ptr<Listener>> listenLocally(ListeningSockets& sockets,
                                                     const AgentPipeSettings& settings, int backlog);

/// Begins to accept, on the loop's thread; says in the log of the pipe that has this name what can't be done.
void startAll(const std::vector<std::unique_ptr<Listener>>& listeners, EventLoop& loop, Acceptor& acceptor,
              const std::string& name);

} // namespace connector
