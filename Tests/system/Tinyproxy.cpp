#include "Tinyproxy.h"

#include "Waiting.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/StreamSocket.h>

#include <sstream>
#include <unistd.h>

namespace connector::test {

namespace {

constexpr const char* kProgram = "/usr/bin/tinyproxy";

bool listens(const Poco::Net::SocketAddress& address) {
    try {
        const Poco::Net::StreamSocket client(address);
        return true;
    } catch (const Poco::Net::NetException&) {
        return false;
    }
}

std::string configuration(const Tinyproxy::Options& options, std::uint16_t port) {
    std::ostringstream text;
    text << "Port " << port << "\nListen " << options.host
         << "\nTimeout 600\nMaxClients 100\nLogLevel Connect\nAllow 127.0.0.0/8\nAllow ::1\n";
    if (!options.login.empty()) text << "BasicAuth " << options.login << "\n";
    for (const auto allowed : options.ports)
        text << "ConnectPort " << allowed << "\n";
    return text.str();
}

} // namespace

bool Tinyproxy::isThere() {
    return ::access(kProgram, X_OK) == 0;
}

Tinyproxy::Tinyproxy(const Options& options) : _host(options.host), _process(command(options)) {
    waitUntil("tinyproxy listens", [&] { return listens(Poco::Net::SocketAddress(_host, _ports.first())); });
}

std::string Tinyproxy::url(const std::string& login) const {
    return "http://" + login + Poco::Net::SocketAddress(_host, _ports.first()).toString();
}

std::size_t Tinyproxy::requests(const std::string& text) const {
    const auto log = readFile(_folder.path("tinyproxy.log"));
    std::size_t count = 0;
    for (auto at = log.find("): " + text + " "); at != std::string::npos;
         at = log.find("): " + text + " ", at + 1))
        ++count;
    return count;
}

ChildProcess::Command Tinyproxy::command(const Options& options) const {
    auto words = options.launcher;
    const auto file = _folder.write("tinyproxy.conf", configuration(options, _ports.first()));
    for (const auto& word : {std::string(kProgram), std::string("-d"), std::string("-c"), file})
        words.push_back(word);
    return {.words = words, .outputFile = _folder.path("tinyproxy.log")};
}

} // namespace connector::test
