#pragma once

#include "agent/Backoff.h"
#include "agent/iofog/Interruption.h"
#include "agent/iofog/LocalApi.h"
#include "agent/iofog/LocalSocket.h"

#include <Poco/Logger.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

namespace connector {

/// Keeps the container's configuration up to date: fetches it from the local API, and again whenever the
/// control socket says that it has changed, or may have been missed to say so. It has a thread of its own,
/// which waits until each configuration has been applied and only then acknowledges it to the API.
class ControlSocket {
  public:
    /// Sends SIGHUP to the process whenever take() has something new. api must outlive it.
    explicit ControlSocket(const LocalApi& api);

    /// Stops at once.
    ~ControlSocket();

    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    /// The configuration that has come and has not been taken, JSON. Whoever takes it must call applied().
    std::optional<std::string> take();

    /// What was taken has been applied, or refused for good.
    void applied();

    /// Fetches it now, whether it has changed or not.
    void fetchAgain() { _interruption.interrupt(); }

  private:
    void run();
    void follow();
    void fetch(bool always);

    const LocalApi& _api;
    Poco::Logger& _log;
    std::minstd_rand _random{std::random_device()()};
    Backoff _backoff{_random};
    Interruption _interruption;
    std::mutex _mutex;
    std::condition_variable _changed;
    std::string _latest; ///< configuration that was fetched
    std::optional<std::string> _fetched;
    bool _isApplied = true;
    bool _isStopped = false;
    std::thread _thread;
};

} // namespace connector
