#include "cli/FileLock.h"

#include "cli/CommandError.h"

#include <Poco/Util/Application.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>

namespace connector {

FileLock::FileLock(const std::string& path) : _descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    int result = _descriptor.get();
    while (_descriptor.get() >= 0 && (result = ::flock(_descriptor.get(), LOCK_EX)) != 0 && errno == EINTR)
        ;
    if (result < 0)
        throw CommandError(Poco::Util::Application::EXIT_OSERR,
                           path + ": can't be locked: " + std::generic_category().message(errno));
}

} // namespace connector
