#include "Haproxy.h"

#include "PipeClient.h"
#include "ProxyHeaders.h"
#include "Waiting.h"

#include <fstream>
#include <unistd.h>

namespace connector::test {

namespace {

constexpr const char* kProgram = "/usr/sbin/haproxy";

bool listens(std::uint16_t port) {
    try {
        PipeClient(Poco::Net::SocketAddress(Haproxy::kHost, port));
        return true;
    } catch (const ConnectionLost&) {
        return false;
    }
}

} // namespace

bool Haproxy::isThere() {
    return ::access(kProgram, X_OK) == 0;
}

Haproxy::Haproxy(const std::vector<std::uint16_t>& ports, const std::string& options)
    : _process(command(ports, options)) {
    waitUntil("HAProxy listens", [&] { return listens(ports.front()); });
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
