#include "Tun.h"

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <system_error>
#include <unistd.h>

namespace bench {

namespace {

/// Packets that the kernel keeps until they are read, before it drops any: a thousand visitors may come at
/// once.
constexpr int kQueuedPackets = 10'000;

void orThrow(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

/// What a device is set up through: any socket of its namespace.
class Control {
  public:
    explicit Control(const std::string& device) : _socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        orThrow(_socket, "socket");
        device.copy(_request.ifr_name, IFNAMSIZ - 1);
    }
    ~Control() { ::close(_socket); }

    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    void setAddress(unsigned long command, const std::string& text) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        ::inet_pton(AF_INET, text.c_str(), &address.sin_addr);
        _request.ifr_addr = reinterpret_cast<const sockaddr&>(address);
        orThrow(::ioctl(_socket, command, &_request), "a device's address");
    }

    void setQueue(int packets) {
        _request.ifr_qlen = packets;
        orThrow(::ioctl(_socket, SIOCSIFTXQLEN, &_request), "a device's queue");
    }

    void bringUp() {
        orThrow(::ioctl(_socket, SIOCGIFFLAGS, &_request), "a device's flags");
        _request.ifr_flags = static_cast<short>(_request.ifr_flags | IFF_UP);
        orThrow(::ioctl(_socket, SIOCSIFFLAGS, &_request), "a device's flags");
    }

  private:
    int _socket;
    ifreq _request{};
};

/// A container may lack the device though its kernel has it (10 and 200 are its numbers in every Linux).
int openDevice() {
    constexpr const char* kFolder = "/dev/net";
    constexpr const char* kDevice = "/dev/net/tun";
    if (::access(kDevice, F_OK) != 0) {
        ::mkdir(kFolder, 0755);
        ::mknod(kDevice, S_IFCHR | S_IRUSR | S_IWUSR, ::makedev(10, 200));
    }
    const int descriptor = ::open(kDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    orThrow(descriptor, kDevice);
    return descriptor;
}

} // namespace

Tun::Tun(const std::string& address) : _descriptor(openDevice()) {
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    orThrow(::ioctl(_descriptor, TUNSETIFF, &request), "a TUN device");
    orThrow(::ioctl(_descriptor, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6),
            "a TUN device's offloads");
    Control control(request.ifr_name);
    control.setAddress(SIOCSIFADDR, address);
    control.setAddress(SIOCSIFNETMASK, "255.255.255.252");
    control.setQueue(kQueuedPackets);
    control.bringUp();
}

Tun::~Tun() {
    ::close(_descriptor);
}

std::size_t Tun::read(std::span<char> into) {
    const auto length = ::read(_descriptor, into.data(), into.size());
    if (length < 0 && errno != EAGAIN) orThrow(-1, "reading packets");
    return length < 0 ? 0 : static_cast<std::size_t>(length);
}

void Tun::write(std::span<const char> packet) {
    [[maybe_unused]] const auto written = ::write(_descriptor, packet.data(), packet.size());
}

void bringUpLoopback() {
    Control("lo").bringUp();
}

} // namespace bench
