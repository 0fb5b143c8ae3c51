#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace bench {

/// A TUN device in the network namespace of the thread that makes it, gone with the object: what the kernel
/// sends there is read here, and what is written here the kernel receives. Packets have a virtio_net_hdr in
/// front, as the kernel may leave checksums and the cutting of up to 64 KiB into segments to whoever gets
/// them; the other device's kernel takes them like that, so that one core carries gigabits with an MTU of
/// 1,500.
class Tun {
  public:
    /// A packet is no longer, with its header.
    static constexpr std::size_t kMaxPacket = 64 * 1024 + 512;

    /// With this IPv4 address and the rest of its /30 behind it. Throws std::system_error when it may not be
    /// made.
    explicit Tun(const std::string& address);
    ~Tun();

    Tun(const Tun&) = delete;
    Tun& operator=(const Tun&) = delete;

    int descriptor() const { return _descriptor; }

    /// The length of the next packet; 0: none now.
    std::size_t read(std::span<char> into);

    /// The kernel drops what it can't take, as it does with a network card's.
    void write(std::span<const char> packet);

  private:
    int _descriptor;
};

/// Brings up the loopback device of the thread's network namespace. Throws std::system_error.
void bringUpLoopback();

} // namespace bench
