#include "base/DescriptorChannel.h"

#include <Poco/Exception.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>

namespace connector {

namespace {

constexpr std::size_t kMaxText = 64 * 1024;

/// Room for the descriptors of one message, aligned as the kernel wants it.
struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * DescriptorChannel::kMostDescriptors)> bytes{};
};

std::string reason() {
    return std::generic_category().message(errno);
}

void attach(msghdr& header, Control& control, const std::vector<int>& descriptors) {
    const auto size = sizeof(int) * descriptors.size();
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(size);
    auto* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(rights), descriptors.data(), size);
}

std::vector<Descriptor> descriptorsOf(msghdr& header) {
    std::vector<Descriptor> descriptors;
    for (auto* rights = CMSG_FIRSTHDR(&header); rights; rights = CMSG_NXTHDR(&header, rights)) {
        if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
        const auto count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(rights) + i * sizeof(int), sizeof(int));
            descriptors.emplace_back(descriptor);
        }
    }
    return descriptors;
}

} // namespace

std::pair<Descriptor, Descriptor> DescriptorChannel::socketPair() {
    std::array<int, 2> ends{};
    // A message stays a message, and arrives with its descriptors or not at all.
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw Poco::IOException("no pair of sockets is to be had", reason());
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

void DescriptorChannel::send(const std::string& text, const std::vector<int>& descriptors) {
    // Descriptors on their way count for a user as open ones do, until the other end has them.
    constexpr std::chrono::milliseconds kTooManyUnderway{10};
    auto bytes = text;
    iovec part{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    Control control;
    if (!descriptors.empty()) attach(header, control, descriptors);
    while (::sendmsg(_socket.get(), &header, MSG_NOSIGNAL) < 0) {
        if (errno == ETOOMANYREFS)
            std::this_thread::sleep_for(kTooManyUnderway);
        else if (errno != EINTR)
            throw ChannelClosed(errno == EPIPE ? "it has ended" : "it can't be told anything: " + reason());
    }
}

void DescriptorChannel::offer(const std::string& text) const {
    ::send(_socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool DescriptorChannel::isClosed() const {
    pollfd state{_socket.get(), 0, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

std::optional<DescriptorChannel::Message> DescriptorChannel::receive(std::chrono::milliseconds patience) {
    pollfd waiting{_socket.get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
    Message message;
    message.text.resize(kMaxText);
    iovec part{message.text.data(), message.text.size()};
    Control control;
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    const auto received = ::recvmsg(_socket.get(), &header, MSG_CMSG_CLOEXEC);
    if (received <= 0) throw ChannelClosed(received == 0 ? "it has ended" : "it can't be heard: " + reason());
    message.descriptors = descriptorsOf(header);
    message.text.resize(static_cast<std::size_t>(received));
    return message;
}

} // namespace connector
