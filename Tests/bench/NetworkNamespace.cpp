#include "NetworkNamespace.h"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <system_error>
#include <unistd.h>

namespace bench {

InNetworkNamespace::InNetworkNamespace(const std::string& path) {
    if (path.empty()) return;
    _before = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    const int wanted = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const int result = ::setns(wanted, CLONE_NEWNET);
    const int error = errno;
    ::close(wanted);
    if (result == 0) return;
    ::close(_before);
    throw std::system_error(error, std::generic_category(), "network namespace " + path);
}

InNetworkNamespace::~InNetworkNamespace() {
    if (_before < 0) return;
    ::setns(_before, CLONE_NEWNET);
    ::close(_before);
}

} // namespace bench
