#include "agent/iofog/Interruption.h"

#include <sys/socket.h>
#include <utility>

namespace connector {

Interruption::Watch::Watch(Interruption& interruption, int socket)
    : _interruption(interruption), _socket(socket) {
    const std::lock_guard lock(_interruption._mutex);
    _interruption._sockets.insert(socket);
    if (_interruption._isStopped || _interruption._isInterrupted) _interruption.shutDownSockets();
}

Interruption::Watch::~Watch() {
    const std::lock_guard lock(_interruption._mutex);
    _interruption._sockets.erase(_socket);
}

void Interruption::stop() {
    const std::lock_guard lock(_mutex);
    _isStopped = true;
    shutDownSockets();
    _changed.notify_all();
}

void Interruption::interrupt() {
    const std::lock_guard lock(_mutex);
    _isInterrupted = true;
    shutDownSockets();
    _changed.notify_all();
}

bool Interruption::isStopped() const {
    const std::lock_guard lock(_mutex);
    return _isStopped;
}

bool Interruption::isInterrupted() const {
    const std::lock_guard lock(_mutex);
    return _isStopped || _isInterrupted;
}

bool Interruption::rest(std::chrono::milliseconds duration) {
    std::unique_lock lock(_mutex);
    _changed.wait_for(lock, duration, [&] { return _isStopped || _isInterrupted; });
    _isInterrupted = false;
    return !_isStopped;
}

/// Who reads or writes one finds it ended; who owns it closes it.
void Interruption::shutDownSockets() const {
    for (const int socket : _sockets)
        ::shutdown(socket, SHUT_RDWR);
}

} // namespace connector
