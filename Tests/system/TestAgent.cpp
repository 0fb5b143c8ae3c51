#include "TestAgent.h"

namespace connector::test {

namespace {

Http2Peer agent(const OpenPipe& pipe, Side side, PipeRole role, const Http2Options& options,
                const ConnectOptions& connect) {
    return {pipe.connector().connect(portOf(pipe, side), connect), passcodeOf(pipe, side), role, options};
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

std::uint16_t portOf(const OpenPipe& pipe, Side side) {
    return side == Side::Port1 ? pipe.mapping().port1 : pipe.mapping().port2;
}

const std::string& passcodeOf(const OpenPipe& pipe, Side side) {
    return side == Side::Port1 ? pipe.mapping().passcode1 : pipe.mapping().passcode2;
}

Http2Peer servingAgent(const OpenPipe& pipe, Side side, const Http2Options& options,
                       const ConnectOptions& connect) {
    return agent(pipe, side, PipeRole::Serves, options, connect);
}

Http2Peer openingAgent(const OpenPipe& pipe, Side side, const Http2Options& options,
                       const ConnectOptions& connect) {
    return agent(pipe, side, PipeRole::Opens, options, connect);
}

TestAgent::TestAgent(const OpenPipe& pipe, Side side, AgentProtocol protocol, PipeRole role) {
    if (protocol == AgentProtocol::Pipe1)
        _connection.emplace(pipe.connector().agent(portOf(pipe, side), passcodeOf(pipe, side)));
    else
        _peer.emplace(agent(pipe, side, role, {}, {}));
}

void TestAgent::begin(const std::string& payload) {
    if (_connection)
        _connection->send(payload);
    else
        _stream.emplace(_peer->open("192.0.2.7:51234", payload));
}

void TestAgent::awaitOpened() {
    if (_connection) return;
    if (const auto status = _stream->status(); status != 200)
        throw std::runtime_error("the answer is " + std::to_string(status) + ": " + _stream->reason());
}

std::string TestAgent::takeCall(std::size_t size) {
    if (!_connection) {
        _stream.emplace(_peer->nextRequest());
        _stream->answer();
    }
    return channel().readExactly(size);
}

ByteChannel& TestAgent::channel() {
    if (_connection) return *_connection;
    return _stream.value();
}

std::uint16_t TestAgent::localPort() const {
    return _connection ? _connection->localPort() : _peer->localPort();
}

void sendByteByByte(PipeClient& client, const std::string& text) {
    for (const char byte : text)
        sendAlone(client, std::string(1, byte));
}

} // namespace connector::test
