#include "api/StopSignal.h"

#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>

namespace connector {

StopSignal::StopSignal() : _descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (_descriptor.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void StopSignal::raise() {
    ::eventfd_write(_descriptor.get(), 1);
}

bool StopSignal::isRaised() const {
    pollfd signal{_descriptor.get(), POLLIN, 0};
    return ::poll(&signal, 1, 0) > 0;
}

} // namespace connector
