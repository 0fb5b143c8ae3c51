#include "agent/iofog/ControlSocket.h"

#include <Poco/Exception.h>

#include <csignal>
#include <unistd.h>

namespace connector {

namespace {

constexpr char kNewConfiguration = 0x0C;
constexpr std::string_view kAck("\x0B");

} // namespace

ControlSocket::ControlSocket(const LocalApi& api)
    : _api(api), _log(Poco::Logger::get("iofog")), _thread([this] { run(); }) {}

ControlSocket::~ControlSocket() {
    {
        const std::lock_guard lock(_mutex);
        _isStopped = true;
        _changed.notify_all();
    }
    _interruption.stop();
    _thread.join();
}

std::optional<std::string> ControlSocket::take() {
    const std::lock_guard lock(_mutex);
    return std::exchange(_fetched, std::nullopt);
}

void ControlSocket::applied() {
    const std::lock_guard lock(_mutex);
    _isApplied = true;
    _changed.notify_all();
}

void ControlSocket::run() {
    do {
        try {
            follow();
        } catch (const LocalApiError& error) {
            if (!_interruption.isInterrupted()) _log.warning("%s", std::string(error.what()));
        }
    } while (_interruption.rest(_backoff.next()));
}

/// It fetches before it listens, as pipes can do without the socket; and after it has begun to, as a change
/// in between has not been heard of.
void ControlSocket::follow() {
    fetch(/*always*/ true);
    LocalSocket socket(_api, "control", _interruption);
    _backoff.reset();
    _log.information("follows the control socket of %s", _api.name());
    fetch(/*always*/ false);
    while (const auto signal = socket.receive()) {
        if (!signal->starts_with(kNewConfiguration)) continue;
        fetch(/*always*/ true);
        socket.send(kAck);
    }
    throw LocalApiError("the local API has closed the control socket");
}

/// Returns when it has been applied. always: even if it is the same as before.
void ControlSocket::fetch(bool always) {
    auto configuration = _api.configuration(_interruption);
    if (!always && configuration == _latest) return;
    _latest = configuration;
    std::unique_lock lock(_mutex);
    _fetched = std::move(configuration);
    _isApplied = false;
    ::kill(::getpid(), SIGHUP);
    _changed.wait(lock, [&] { return _isApplied || _isStopped; });
}

} // namespace connector
