// Preloaded into a program (LD_PRELOAD), makes its disk stall: as long as the file that STALLED_DISK names is
// there, fsync(2) and fdatasync(2) don't return. The first of them that waits puts a file with ".waiting"
// behind beside it.

#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

void waitForDisk() {
    constexpr useconds_t kPause = 2000;
    const char* const file = std::getenv("STALLED_DISK");
    if (!file) return;
    const auto waiting = std::string(file) + ".waiting";
    while (::access(file, F_OK) == 0) {
        ::close(::open(waiting.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        ::usleep(kPause);
    }
}

} // namespace

extern "C" int fsync(int descriptor) {
    waitForDisk();
    return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

extern "C" int fdatasync(int descriptor) {
    waitForDisk();
    return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}
