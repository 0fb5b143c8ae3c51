#include "KernelSockets.h"

#include "ChildProcess.h"
#include "Folder.h"

#include <Poco/RegularExpression.h>

#include <iomanip>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace connector::test {

namespace {

/// The fields of a line of /proc/net/tcp that matter here, as they stand there.
struct SocketLine {
    std::string local;
    std::string remote;
    std::string state;
    std::string queues; ///< bytes to send:bytes to read, in hex
    std::string timer;  ///< which one runs:how long
};

std::string hexPort(std::uint16_t port) {
    std::ostringstream out;
    out << ':' << std::uppercase << std::hex << std::setw(4) << std::setfill('0') << port;
    return out.str();
}

constexpr const char* kEstablished = "01";
constexpr const char* kListening = "0A";

std::vector<SocketLine> sockets() {
    std::vector<SocketLine> all;
    for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::istringstream lines(readFile(file));
        for (std::string line; std::getline(lines, line);) {
            std::istringstream fields(line);
            SocketLine socket;
            std::string number;
            fields >> number >> socket.local >> socket.remote >> socket.state >> socket.queues >>
                socket.timer;
            all.push_back(socket);
        }
    }
    return all;
}

std::optional<SocketLine> findSocket(std::uint16_t localPort, std::uint16_t remotePort) {
    for (const auto& socket : sockets())
        if (socket.local.ends_with(hexPort(localPort)) && socket.remote.ends_with(hexPort(remotePort)))
            return socket;
    return std::nullopt;
}

std::size_t toRead(const SocketLine& socket) {
    return std::stoul(socket.queues.substr(socket.queues.find(':') + 1), nullptr, 16);
}

} // namespace

std::size_t unreadBytes(std::uint16_t localPort, std::uint16_t remotePort) {
    const auto found = findSocket(localPort, remotePort);
    return found ? toRead(*found) : 0;
}

std::size_t unreadBytesAt(std::uint16_t localPort) {
    std::size_t bytes = 0;
    for (const auto& socket : sockets())
        if (socket.state != kListening && socket.local.ends_with(hexPort(localPort))) bytes += toRead(socket);
    return bytes;
}

std::size_t unacknowledgedBytes(std::uint16_t localPort, std::uint16_t remotePort) {
    const auto found = findSocket(localPort, remotePort);
    return found ? std::stoul(found->queues, nullptr, 16) : 0; // stops at the colon
}

std::size_t unacceptedConnections(std::uint16_t port) {
    return unreadBytes(port, 0); // for a listening socket that is what the kernel shows there
}

std::set<std::uint16_t> portsConnectedTo(std::uint16_t localPort) {
    std::set<std::uint16_t> ports;
    for (const auto& socket : sockets())
        if (socket.state == kEstablished && socket.local.ends_with(hexPort(localPort)))
            ports.insert(static_cast<std::uint16_t>(
                std::stoul(socket.remote.substr(socket.remote.find(':') + 1), nullptr, 16)));
    return ports;
}

SocketMemory socketMemory(std::uint16_t localPort, std::uint16_t remotePort) {
    const auto port = [](std::uint16_t number) { return ":" + std::to_string(number); };
    const auto listed = run({{"/usr/bin/ss", "--tcp", "--memory", "--numeric", "--no-header", "sport", "=",
                              port(localPort), "and", "dport", "=", port(remotePort)},
                             ""});
    static const Poco::RegularExpression form(R"(skmem:\(r(\d+),rb(\d+),t\d+,tb(\d+),f\d+,w(\d+),)");
    std::vector<std::string> found;
    if (form.split(listed.output, found) == 0)
        throw std::runtime_error("ss knows no such socket: " + listed.output);
    return {.received = std::stoul(found.at(1)),
            .mostReceived = std::stoul(found.at(2)),
            .toSend = std::stoul(found.at(4)),
            .mostToSend = std::stoul(found.at(3))};
}

bool hasKeepalive(std::uint16_t localPort, std::uint16_t remotePort) {
    const auto found = findSocket(localPort, remotePort);
    return found && found->timer.starts_with("02:");
}

} // namespace connector::test
