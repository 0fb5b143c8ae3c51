#include "agent/iofog/Interruption.h"

#include <sys/socket.h>
#include <utility>

namespace connector {

Interruption::Watch::Watch(Interruption& interruption, int socket)
    : _interruption(interruption), _socket(socket) {
    const std::lock_guard lock(_interruption._mutex);
    _interruption._socket = socket;
    if (_interruption._isStopped || _interruption._isInterrupted) _interruption.shutDownSocket();
}

Interruption::Watch::~Watch() {
    const std::lock_guard lock(_interruption._mutex);
    // The thread may have gone on to another one.
    if (_interruption._socket == _socket) _interruption._socket = -1;
}

void Interruption::stop() {
    const std::lock_guard lock(_mutex);
    _isStopped = true;
    shutDownSocket();
    _changed.notify_all();
}

void Interruption::interrupt() {
    const std::lock_guard lock(_mutex);
    _isInterrupted = true;
    shutDownSocket();
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

/// Who reads or writes it finds it ended; who owns it closes it.
void Interruption::shutDownSocket() {
    if (_socket >= 0) ::shutdown(_socket, SHUT_RDWR);
}

} // namespace connector
