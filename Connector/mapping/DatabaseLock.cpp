#include "mapping/DatabaseLock.h"

#include "mapping/StorageError.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

namespace connector {

namespace {

struct flock onFirstByte() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    return lock;
}

std::string reason() {
    return std::generic_category().message(errno);
}

bool isOf(const std::string& path, int descriptor) {
    struct stat file {};
    struct stat open {};
    return ::fstat(descriptor, &open) == 0 && ::stat(path.c_str(), &file) == 0 &&
           open.st_dev == file.st_dev && open.st_ino == file.st_ino;
}

} // namespace

DatabaseLock::DatabaseLock(const std::string& path, Descriptor inherited)
    : _descriptor(inherited.get() >= 0
                      ? inherited.release()
                      : ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
    if (_descriptor.get() < 0) throw StorageError(path + ": can't be opened for writing: " + reason());
    if (!isOf(path, _descriptor.get()))
        throw StorageError(path +
                           ": it is not the database of the process that is to be replaced; another one "
                           "needs a restart");
    auto lock = onFirstByte();
    if (::fcntl(_descriptor.get(), F_OFD_SETLK, &lock) != 0)
        throw StorageError(path + (errno == EAGAIN || errno == EACCES
                                       ? ": another iofog-connector is using this database"
                                       : ": " + reason()));
}

bool DatabaseLock::isHeld(const std::string& path) {
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return false;
    if (descriptor.get() < 0) throw StorageError(path + ": can't be read: " + reason());
    auto lock = onFirstByte();
    if (::fcntl(descriptor.get(), F_OFD_GETLK, &lock) != 0) throw StorageError(path + ": " + reason());
    return lock.l_type != F_UNLCK;
}

} // namespace connector
