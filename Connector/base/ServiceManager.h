#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>

namespace connector {

// What the process tells the service manager that has started it (systemd; sd_notify(3)). Where none has, and
// when it can't be reached, these functions do nothing. Any thread.

/// The process serves. status: a line for whoever asks the service manager.
void notifyReady(const std::string& status);

/// The process has begun to read its files again; notifyReady() follows.
void notifyReloading();

/// Another process is the service's main one from now on, and serves. The service manager hears no more of
/// this one.
void notifyReplacedBy(pid_t process, const std::string& status);

/// The process has begun to end.
void notifyStopping();

/// The process is alive: resets the service manager's watchdog.
void notifyAlive();

/// How long the service manager waits for notifyAlive() before it takes the process for stuck; none when it
/// does not watch.
std::optional<std::chrono::microseconds> watchdogTimeout();

} // namespace connector
