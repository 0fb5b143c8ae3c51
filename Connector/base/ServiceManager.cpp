#include "base/ServiceManager.h"

#include <cstdint>
#include <systemd/sd-daemon.h>
#include <time.h>

namespace connector {

namespace {

/// The environment stays as it is: there is more to tell later.
constexpr int kKeepEnvironment = 0;
constexpr int kUnsetEnvironment = 1;

std::uint64_t monotonicMicroseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

void notify(const std::string& state) {
    ::sd_notify(kKeepEnvironment, state.c_str());
}

} // namespace

void notifyReady(const std::string& status) {
    notify("READY=1\nSTATUS=" + status);
}

void notifyReloading() {
    // The service manager tells this reload from an earlier one by the time.
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonicMicroseconds()));
}

void notifyReplacedBy(pid_t process, const std::string& status) {
    const auto state = "MAINPID=" + std::to_string(process) + "\nREADY=1\nSTATUS=" + status;
    ::sd_notify(kUnsetEnvironment, state.c_str());
}

void notifyStopping() {
    notify("STOPPING=1\nSTATUS=stopping");
}

void notifyAlive() {
    notify("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdogTimeout() {
    std::uint64_t timeout = 0;
    if (::sd_watchdog_enabled(kKeepEnvironment, &timeout) <= 0) return std::nullopt;
    return std::chrono::microseconds(timeout);
}

} // namespace connector
