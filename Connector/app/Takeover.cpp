#include "app/Takeover.h"

#include "base/ProcessSetup.h"

#include <Poco/NumberParser.h>
#include <Poco/StringTokenizer.h>

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace connector {

namespace {

/// The former process has limits for all that it waits for (Upgrade), and closes the channel when it gives
/// up.
constexpr std::chrono::minutes kPatience{10};

/// The message's text has their peers.
void take(DescriptorChannel::Message& message, FrontConnections& connections) {
    const Poco::StringTokenizer words(message.text, " ");
    for (std::size_t i = 0; i < message.descriptors.size() && i + 1 < words.count(); ++i) {
        const bool lacksHeader = words[i + 1].starts_with(Takeover::kProxy);
        const auto peer = words[i + 1].substr(lacksHeader ? std::strlen(Takeover::kProxy) : 0);
        connections.push_back(
            {std::move(message.descriptors[i]), Poco::Net::SocketAddress(peer), lacksHeader});
    }
}

} // namespace

std::unique_ptr<Takeover> Takeover::begin() {
    const char* variable = ::getenv(kVariable);
    int descriptor = -1;
    if (!variable || !Poco::NumberParser::tryParse(variable, descriptor)) return nullptr;
    Descriptor channel(descriptor);
    ::fcntl(channel.get(), F_SETFD, FD_CLOEXEC);
    ::unsetenv(kVariable);
    ::unsetenv("WATCHDOG_PID"); // it is the former process's
    const pid_t former = ::getppid();
    if (const pid_t child = ::fork(); child != 0) ::_exit(child > 0 ? 0 : 1);
    restartAllocatorThread();
    return std::unique_ptr<Takeover>(new Takeover(std::move(channel), former));
}

Takeover::Takeover(Descriptor channel, pid_t formerProcess)
    : _channel(std::move(channel)), _formerProcess(formerProcess) {}

Inheritance Takeover::receive() {
    _channel.send(kHello + std::to_string(::getpid()));
    Inheritance inheritance;
    for (;;) {
        auto message = _channel.receive(kPatience);
        if (!message) throw ChannelClosed("the former process says nothing");
        if (message->text == kOpen) return inheritance;
        if (message->text == kLock && !message->descriptors.empty())
            inheritance.databaseLock = std::move(message->descriptors.front());
        if (message->text == kFormer)
            for (auto& channel : message->descriptors)
                _earlier.emplace_back(std::move(channel));
        if (message->text == kSockets)
            for (auto& socket : message->descriptors)
                inheritance.listeningSockets.push_back(std::move(socket));
        if (message->text.starts_with(kFront)) take(*message, inheritance.frontConnections);
        _channel.send(kTaken);
    }
}

void Takeover::waitForGo() {
    _channel.send(kReady);
    waitForNext();
}

void Takeover::confirm() {
    _channel.send(kServing);
    waitForNext();
    const std::lock_guard lock(_mutex);
    _isConfirmed = true;
    for (const auto& id : _removed)
        offer(kRemoved + id);
    _removed.clear();
}

void Takeover::tellRemoved(const std::string& id) {
    const std::lock_guard lock(_mutex);
    if (_isConfirmed)
        offer(kRemoved + id);
    else
        _removed.push_back(id);
}

void Takeover::tellStop() {
    offer(kStop);
}

std::vector<int> Takeover::channels() const {
    std::vector<int> channels{_channel.descriptor()};
    for (const auto& channel : _earlier)
        if (!channel.isClosed()) channels.push_back(channel.descriptor());
    return channels;
}

void Takeover::offer(const std::string& text) {
    _channel.offer(text);
    for (const auto& channel : _earlier)
        channel.offer(text);
}

void Takeover::fail(const std::string& reason) {
    try {
        _channel.send(kFailed + reason);
    } catch (const ChannelClosed&) { // it has given up already
    }
}

/// There is only one thing that the former process can say.
void Takeover::waitForNext() {
    if (!_channel.receive(kPatience)) throw ChannelClosed("the former process says nothing");
}

} // namespace connector
