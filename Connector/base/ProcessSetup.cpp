#include "base/ProcessSetup.h"

#include <pthread.h>
#include <sys/resource.h>

/// jemalloc's (jemalloc(3)), where the program is linked with it.
extern "C" int mallctl(const char* name, void* oldValue, std::size_t* oldLength, void* newValue,
                       std::size_t newLength) __attribute__((weak));

namespace connector {

sigset_t blockSignals(std::initializer_list<int> signals) {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : signals)
        ::sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

void restartAllocatorThread() {
    bool isOn = true;
    if (mallctl) mallctl("background_thread", nullptr, nullptr, &isOn, sizeof isOn);
}

void raiseDescriptorLimit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace connector
