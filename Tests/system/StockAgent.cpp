#include "StockAgent.h"

#include "IoMessages.h"

#include <cstdint>

namespace connector::test {

namespace {

constexpr const char* kEnd = "TXEND";
constexpr const char* kAck = "ACK";
constexpr std::size_t kReadSize = 64 * 1024;
constexpr std::size_t kHeader = 5;

/// The message whose header this begins with; empty when that is none.
std::string decoded(const std::string& received) {
    if (received.size() < kHeader) return "";
    std::uint64_t size = 0;
    for (std::size_t i = 1; i < kHeader; ++i)
        size = size << 8U | static_cast<std::uint8_t>(received[i]);
    return received.size() < kHeader + size ? "" : received.substr(kHeader, size);
}

} // namespace

StockAgent::StockAgent(const OpenPipe& pipe, Side side, Line line, const ConnectOptions& options)
    : _line(line), _connection(side == Side::Port1 ? pipe.agent1(options) : pipe.agent2(options)) {}

void StockAgent::send(const std::string& message) {
    sendOnly(message);
    if (_line == Line::NoAck) return;
    const auto answer = nextRead();
    if (answer != kAck) throw std::runtime_error("\"" + answer + "\" came instead of ACK");
}

void StockAgent::sendOnly(const std::string& message) {
    _connection.send(framed(message));
    _connection.waitUntilRead();
    _connection.send(kEnd);
}

std::string StockAgent::receive() {
    for (;;) {
        const auto received = receiveOnly();
        if (_line == Line::Develop) _connection.send(kAck);
        const auto message = decoded(received);
        if (!message.empty()) return message;
    }
}

std::string StockAgent::receiveOnly() {
    std::string received;
    for (;;) {
        const auto read = nextRead();
        if (_line == Line::Develop && read == kEnd) return received;
        received += read;
        if (_line == Line::NoAck && received.ends_with(kEnd))
            return received.substr(0, received.size() - std::string(kEnd).size());
    }
}

std::string StockAgent::nextRead() {
    std::string buffer(kReadSize, '\0');
    do {
        buffer.resize(kReadSize);
        buffer.resize(_connection.receive(buffer.data(), buffer.size()));
        if (buffer.empty()) throw ConnectionLost("no more comes to the stock agent");
    } while (buffer == "BEAT" || buffer == "BEATBEAT");
    return buffer;
}

std::ostream& operator<<(std::ostream& out, StockAgent::Line line) {
    return out << (line == StockAgent::Line::Develop ? "develop" : "no_ack");
}

} // namespace connector::test
