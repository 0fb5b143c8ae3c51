#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <string>

namespace connector {

/// How long a call of the API is waited for.
struct CallPatience {
    std::chrono::milliseconds usual;
    /// After a first signal; 0: not at all. A second one always ends the waiting.
    std::chrono::milliseconds afterSignal;
};

/// Makes the call in a thread of its own, as nothing interrupts one that hangs in the resolver, in TLS or
/// without an answer: when it is waited for no longer, lastWords are said on standard error and the process
/// ends at once, with EXIT_UNAVAILABLE. Returns whether a signal has come; throws what the call throws. Main
/// thread; the signals are blocked.
bool awaitCall(const std::function<void()>& call, const sigset_t& signals, const CallPatience& patience,
               const std::string& lastWords);

} // namespace connector
