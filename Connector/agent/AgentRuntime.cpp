#include "agent/AgentRuntime.h"

#include "base/ServiceManager.h"

#include <thread>

namespace connector {

namespace {

/// How long Connector may take to answer CONNECT: it waits for an agent on the other side, and that one for
/// its target.
constexpr std::chrono::milliseconds kConnectorsAnswer{30000};

PipeSettings pipeSettings() {
    PipeSettings settings;
    settings.limits.open = kConnectorsAnswer;
    return settings;
}

} // namespace

AgentRuntime::AgentRuntime()
    : loops(std::thread::hardware_concurrency()), watchdog(loops), limitedLogs(LogLimits()),
      environment(loops, sockets, pipeSettings(), nullptr, limitedLogs) {}

int awaitSignal(const sigset_t& signals) {
    int signal = 0;
    ::sigwait(&signals, &signal);
    return signal;
}

bool hasSignal(const sigset_t& signals) {
    const timespec now{};
    return ::sigtimedwait(&signals, nullptr, &now) > 0;
}

void stopPipes(AgentPipes& pipes, std::chrono::milliseconds patience, const sigset_t& signals) {
    notifyStopping();
    Poco::Logger::get("agent").notice("stopping");
    pipes.stop(patience, [&] { return hasSignal(signals); });
}

} // namespace connector
