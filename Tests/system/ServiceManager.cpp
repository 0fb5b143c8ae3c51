#include "ServiceManager.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace connector::test {

namespace {

constexpr const char* kSocketName = "notify";

auto containing(const std::string& text) {
    return [&text](const std::string& message) { return message.find(text) != std::string::npos; };
}

} // namespace

ServiceManager::ServiceManager() : _socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = _folder.path(kSocketName);
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(_socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("can't bind " + path + ": " + std::strerror(errno));
    _receiver = std::thread([this] { receive(); });
}

ServiceManager::~ServiceManager() {
    ::shutdown(_socket, SHUT_RD); // ends the reading
    _receiver.join();
    ::close(_socket);
}

ChildProcess::Command ServiceManager::managed(ChildProcess::Command command,
                                              std::chrono::microseconds watchdog) const {
    command.environment["NOTIFY_SOCKET"] = _folder.path(kSocketName);
    if (watchdog.count() > 0) command.environment["WATCHDOG_USEC"] = std::to_string(watchdog.count());
    return command;
}

std::string ServiceManager::waitFor(const std::string& text) {
    std::string found;
    waitUntil("the message " + text, [&] {
        const std::lock_guard lock(_mutex);
        const auto it = std::find_if(_messages.begin(), _messages.end(), containing(text));
        if (it == _messages.end()) return false;
        found = *it;
        _messages.erase(_messages.begin(), it + 1);
        return true;
    });
    return found;
}

std::size_t ServiceManager::count(const std::string& text) {
    const std::lock_guard lock(_mutex);
    return static_cast<std::size_t>(std::count_if(_messages.begin(), _messages.end(), containing(text)));
}

void ServiceManager::receive() {
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto received = ::recv(_socket, buffer.data(), buffer.size(), 0);
        if (received <= 0) return;
        const std::lock_guard lock(_mutex);
        _messages.emplace_back(buffer.data(), static_cast<std::size_t>(received));
    }
}

} // namespace connector::test
