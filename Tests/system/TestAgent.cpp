#include "TestAgent.h"

namespace connector::test {

namespace {

PipeClient connectTo(const OpenPipe& pipe, Side side, const ConnectOptions& options) {
    const auto& mapping = pipe.mapping();
    return pipe.connector().connect(side == Side::Port1 ? mapping.port1 : mapping.port2, options);
}

} // namespace

std::ostream& operator<<(std::ostream& out, AgentProtocol protocol) {
    return out << (protocol == AgentProtocol::Pipe1 ? "PIPE/1" : "PIPE/2");
}

std::ostream& operator<<(std::ostream& out, Side side) {
    return out << (side == Side::Port1 ? "port1" : "port2");
}

Side opposite(Side side) {
    return side == Side::Port1 ? Side::Port2 : Side::Port1;
}

std::string waitingKey(Side side) {
    return side == Side::Port1 ? "agentswaitingport1" : "agentswaitingport2";
}

TestAgent::TestAgent(const OpenPipe& pipe, Side side, AgentProtocol protocol, const ConnectOptions& options)
    : _protocol(protocol), _connection(connectTo(pipe, side, options)) {
    const auto& mapping = pipe.mapping();
    const auto& passcode = side == Side::Port1 ? mapping.passcode1 : mapping.passcode2;
    if (protocol == AgentProtocol::Pipe1)
        authorize(_connection, passcode);
    else
        authorizePipe2(_connection, passcode);
}

Opened TestAgent::readOpen() {
    constexpr std::string_view kOpen = "OPEN ";
    const auto line = readLine(_connection);
    if (!line.starts_with(kOpen)) throw std::runtime_error("\"" + line + "\" came instead of OPEN");
    const auto rest = line.substr(kOpen.size());
    const auto space = rest.find(' ');
    if (space == std::string::npos) return {rest, ""};
    return {rest.substr(0, space), _connection.readExactly(std::stoul(rest.substr(space + 1)))};
}

Opened TestAgent::acceptOpen() {
    auto opened = readOpen();
    _connection.send("OPENED\n");
    return opened;
}

void TestAgent::begin(const std::string& payload) {
    if (_protocol == AgentProtocol::Pipe1)
        _connection.send(payload);
    else
        _connection.send("OPEN 192.0.2.7:1234 " + std::to_string(payload.size()) + "\n" + payload);
}

void TestAgent::awaitOpened() {
    if (_protocol == AgentProtocol::Pipe1) return;
    const auto line = readLine(_connection);
    if (line != "OPENED") throw std::runtime_error("\"" + line + "\" came instead of OPENED");
}

std::string TestAgent::takeCall(std::size_t size) {
    if (_protocol == AgentProtocol::Pipe1) return _connection.readExactly(size);
    const auto first = acceptOpen().firstBytes;
    return first + _connection.readExactly(size - std::min(size, first.size()));
}

bool TestAgent::answersBeat() {
    if (_protocol == AgentProtocol::Pipe1) return test::answersBeat(_connection);
    _connection.send("BEAT\n");
    return readLine(_connection) == "BEAT";
}

std::string authorizePipe2(PipeClient& agent, const std::string& passcode) {
    agent.send("PIPE/2 " + passcode + "\n");
    auto answer = readLine(agent);
    if (!answer.starts_with("AUTHORIZED/2 "))
        throw ConnectionLost("the answer to the passcode is \"" + answer + "\"");
    return answer;
}

std::string readLine(PipeClient& client) {
    auto line = client.readThrough("\n");
    line.pop_back();
    return line;
}

void sendByteByByte(PipeClient& client, const std::string& text) {
    for (const char byte : text)
        sendAlone(client, std::string(1, byte));
}

} // namespace connector::test
