#include "Haproxy.h"

#include "ProxyHeaders.h"
#include "Waiting.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>

#include <algorithm>
#include <fstream>
#include <unistd.h>

namespace connector::test {

namespace {

constexpr const char* kProgram = "/usr/sbin/haproxy";

/// Seen without a connection, which would go through to Connector.
bool listens(std::uint16_t port) {
    try {
        Poco::Net::ServerSocket().bind(Poco::Net::SocketAddress(Haproxy::kHost, port), true, false);
        return false;
    } catch (const Poco::Net::NetException&) {
        return true;
    }
}

} // namespace

bool Haproxy::isThere() {
    return ::access(kProgram, X_OK) == 0;
}

Haproxy::Haproxy(const std::vector<std::uint16_t>& ports, const std::string& options)
    : _process(command(ports, options)) {
    waitUntil("HAProxy listens", [&] { return std::all_of(ports.begin(), ports.end(), listens); });
}

ChildProcess::Command Haproxy::command(const std::vector<std::uint16_t>& ports,
                                       const std::string& options) const {
    const auto file = _folder.path("haproxy.cfg");
    std::ofstream text(file);
    text << "global\n    maxconn 200\n"
            "defaults\n    mode tcp\n    timeout connect 10s\n    timeout client 60s\n    timeout server "
            "60s\n";
    for (const auto port : ports)
        text << "listen port" << port << "\n    bind " << kHost << ":" << port
             << "\n    server connector 127.0.0.1:" << port << " source " << kProxy << " " << options << "\n";
    return {.words = {kProgram, "-db", "-f", file}, .outputFile = _folder.path("haproxy.log")};
}

} // namespace connector::test
