#include "KernelQueues.h"

#include "Folder.h"

#include <iomanip>
#include <sstream>
#include <string>

namespace connector::test {

namespace {

std::string hexPort(std::uint16_t port) {
    std::ostringstream out;
    out << ':' << std::uppercase << std::hex << std::setw(4) << std::setfill('0') << port;
    return out.str();
}

} // namespace

std::size_t unreadBytes(std::uint16_t localPort, std::uint16_t remotePort) {
    for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::istringstream lines(readFile(file));
        for (std::string line; std::getline(lines, line);) {
            std::istringstream fields(line);
            std::string number, local, remote, state, queues;
            fields >> number >> local >> remote >> state >> queues;
            if (local.ends_with(hexPort(localPort)) && remote.ends_with(hexPort(remotePort)))
                return std::stoul(queues.substr(queues.find(':') + 1), nullptr, 16);
        }
    }
    return 0;
}

std::size_t unacceptedConnections(std::uint16_t port) {
    return unreadBytes(port, 0); // for a listening socket that is what the kernel shows there
}

} // namespace connector::test
