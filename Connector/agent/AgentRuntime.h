#pragma once

#include "agent/AgentPipes.h"
#include "net/LimitedLogs.h"
#include "net/ListeningSockets.h"
#include "net/Watchdog.h"
#include "pipe/PipeEnvironment.h"

#include <chrono>
#include <csignal>

namespace connector {

/// What the pipes of an agent's process need to run. Made when signals are blocked, as it starts threads.
struct AgentRuntime {
    AgentRuntime();

    EventLoops loops;
    const Watchdog watchdog;
    LimitedLogs limitedLogs;
    ListeningSockets sockets;
    PipeEnvironment environment;
};

/// The signal that comes next.
int awaitSignal(const sigset_t& signals);

/// Whether another one has come.
bool hasSignal(const sigset_t& signals);

/// Lets relays go on for a while; a second signal ends them.
void stopPipes(AgentPipes& pipes, std::chrono::milliseconds patience, const sigset_t& signals);

} // namespace connector
