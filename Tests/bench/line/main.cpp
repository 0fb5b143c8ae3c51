/// bench-line: a line with a delay and a rate, between two network namespaces that it makes, for ./do bench.
/// The kernels at both ends speak TCP over it, so that handshakes and acknowledgements take as long as on a
/// real one.
///
/// Prints one JSON object with the paths of both namespaces, which last as long as it runs, and relays until
/// standard input ends. Needs root, or CAP_SYS_ADMIN and CAP_NET_ADMIN, and /dev/net/tun.

#include "Direction.h"
#include "Tun.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <system_error>
#include <unistd.h>

namespace {

using namespace bench;
using Clock = Direction::Clock;

/// A range that is set aside for benchmarks (RFC 2544).
constexpr const char* kNearAddress = "198.18.0.1";
constexpr const char* kFarAddress = "198.18.0.2";
/// The least, the default and the most of a connection's buffer: the most is what a long fast line takes.
constexpr const char* kReceiveBuffer = "4096 131072 67108864";
constexpr const char* kSendBuffer = "4096 16384 67108864";

/// One end: a new namespace, which the calling thread is in afterwards, with loopback and a device.
class End {
  public:
    explicit End(const std::string& address) : _namespace(enterNewNamespace()), _tun(address) {}
    ~End() { ::close(_namespace); }

    End(const End&) = delete;
    End& operator=(const End&) = delete;

    Tun& tun() { return _tun; }
    std::string path() const {
        return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(_namespace);
    }

  private:
    static int enterNewNamespace() {
        if (::unshare(CLONE_NEWNET) != 0)
            throw std::system_error(errno, std::generic_category(), "a network namespace");
        bringUpLoopback();
        std::ofstream("/proc/sys/net/ipv4/tcp_rmem") << kReceiveBuffer;
        std::ofstream("/proc/sys/net/ipv4/tcp_wmem") << kSendBuffer;
        return ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    }

    int _namespace;
    Tun _tun;
};

/// Until the earlier of both ways' next packets is due; null: until one is sent.
const timespec* timeout(const Direction& one, const Direction& other, timespec& storage) {
    const auto first = one.next();
    const auto second = other.next();
    if (!first && !second) return nullptr;
    const auto due = first && second ? std::min(*first, *second) : first ? *first : *second;
    const auto left = std::max(Clock::duration::zero(), due - Clock::now());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    storage = {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
    return &storage;
}

void relay(Tun& near, Tun& far, Clock::duration roundTrip, double rate) {
    Direction there(near, far, roundTrip, rate);
    Direction back(far, near, roundTrip, rate);
    std::array<pollfd, 3> watched{{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                                   {.fd = near.descriptor(), .events = POLLIN, .revents = 0},
                                   {.fd = far.descriptor(), .events = POLLIN, .revents = 0}}};
    for (;;) {
        timespec storage{};
        if (::ppoll(watched.data(), watched.size(), timeout(there, back, storage), nullptr) < 0)
            throw std::system_error(errno, std::generic_category(), "ppoll");
        if (watched[0].revents != 0) return;
        if (watched[1].revents != 0) there.take();
        if (watched[2].revents != 0) back.take();
        there.deliver();
        back.deliver();
    }
}

} // namespace

int main(int argc, char** argv) {
    try {
        const double milliseconds = argc == 3 ? std::atof(argv[1]) : 0;
        const double megabits = argc == 3 ? std::atof(argv[2]) : 0;
        if (milliseconds <= 0 || megabits <= 0)
            throw std::runtime_error("usage: bench-line ROUND-TRIP-MILLISECONDS MBIT/S");
        ::signal(SIGINT, SIG_IGN); // Ctrl-C is for whoever holds standard input
        ::prctl(PR_SET_TIMERSLACK, 1);

        End near(kNearAddress);
        End far(kFarAddress);
        std::cout << R"({"near": ")" << near.path() << R"(", "far": ")" << far.path() << R"("})" << std::endl;
        const std::chrono::duration<double, std::milli> roundTrip(milliseconds);
        relay(near.tun(), far.tun(), std::chrono::duration_cast<Clock::duration>(roundTrip),
              megabits * 1e6 / 8);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench-line: " << error.what() << std::endl;
    }
    return 1;
}
