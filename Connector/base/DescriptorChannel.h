#pragma once

#include "base/Descriptor.h"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace connector {

/// The other end of a channel is closed: its process has ended, or given up.
class ChannelClosed : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Messages between two processes of this machine, with descriptors that go along (unix(7), SCM_RIGHTS).
/// One thread, but for send() and offer().
class DescriptorChannel {
  public:
    struct Message {
        std::string text;
        std::vector<Descriptor> descriptors;
    };

    /// So many may go along with one message: the kernel takes 253 (SCM_MAX_FD).
    static constexpr std::size_t kMostDescriptors = 200;

    /// socket: one end of a socketPair().
    explicit DescriptorChannel(Descriptor socket) : _socket(std::move(socket)) {}

    /// Two connected ends, both of which are closed by execve(2). Throws Poco::IOException.
    static std::pair<Descriptor, Descriptor> socketPair();

    /// Any thread. text: not empty, 64 KiB at the most. descriptors: kMostDescriptors at the most; they stay
    /// the caller's, and the other process gets copies. Waits for room. Throws ChannelClosed.
    void send(const std::string& text, const std::vector<int>& descriptors = {});

    /// The same without descriptors, and without waiting: what there is no room for, or nobody to hear, is
    /// lost. Throws nothing.
    void offer(const std::string& text) const;

    /// Whether the other end is.
    bool isClosed() const;

    /// It stays the channel's.
    int descriptor() const { return _socket.get(); }

    /// The next message; none when none has come within that time. Throws ChannelClosed.
    std::optional<Message> receive(std::chrono::milliseconds patience);

  private:
    Descriptor _socket;
};

} // namespace connector
