#include "agent/expose/AwaitedCall.h"

#include "agent/AgentRuntime.h"

#include <Poco/Util/Application.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <iostream>

namespace connector {

namespace {

using Clock = std::chrono::steady_clock;

/// How often it is looked whether a signal has come.
constexpr std::chrono::milliseconds kTick{20};

[[noreturn]] void endAtOnce(const std::string& lastWords) {
    std::cerr << "iofog-connector-agent: " << lastWords << std::endl;
    std::_Exit(Poco::Util::Application::EXIT_UNAVAILABLE);
}

} // namespace

bool awaitCall(const std::function<void()>& call, const sigset_t& signals, const CallPatience& patience,
               const std::string& lastWords) {
    auto deadline = Clock::now() + patience.usual;
    auto done = std::async(std::launch::async, call);
    bool hasBeenAsked = false;
    while (done.wait_for(kTick) != std::future_status::ready) {
        const bool isAsked = hasSignal(signals);
        if (isAsked && !hasBeenAsked && patience.afterSignal.count() > 0) {
            hasBeenAsked = true;
            deadline = std::min(deadline, Clock::now() + patience.afterSignal);
            std::cerr << "Waiting for the API's answer for some seconds; another signal ends that."
                      << std::endl;
        } else if (isAsked || Clock::now() >= deadline) {
            endAtOnce(lastWords);
        }
    }
    done.get();
    return hasBeenAsked;
}

} // namespace connector
