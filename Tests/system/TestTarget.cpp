#include "TestTarget.h"

#include <Poco/Exception.h>
#include <Poco/Timespan.h>

#include <array>
#include <memory>

namespace connector::test {

namespace {

constexpr int kBacklog = 1024;
/// How soon an echo target notices that it is to end.
constexpr std::chrono::milliseconds kTick{20};

Poco::Timespan timespan(std::chrono::milliseconds time) {
    return Poco::Timespan(static_cast<Poco::Timespan::TimeDiff>(time.count()) * Poco::Timespan::MILLISECONDS);
}

} // namespace

TestTarget::TestTarget(State state, const std::string& host) {
    _socket.bind(Poco::Net::SocketAddress(host, 0));
    if (state == State::Up) start();
}

void TestTarget::start() {
    _socket.listen(kBacklog);
}

PipeClient TestTarget::accept() {
    if (!waitForClient(kPatience)) throw TimedOut("nobody connects to the target");
    return PipeClient(_socket.acceptConnection());
}

bool TestTarget::waitForClient(std::chrono::milliseconds patience) {
    return _socket.poll(timespan(patience), Poco::Net::Socket::SELECT_READ);
}

EchoTarget::EchoTarget() : _server([this] { serve(); }) {}

EchoTarget::~EchoTarget() {
    _isOver = true;
    _server.join();
    waitUntil(
        "all calls are over", [this] { return _calls == 0; }, 2 * kPatience);
}

void EchoTarget::serve() {
    while (!_isOver) {
        if (_target.waitForClient(kTick)) startCall();
    }
}

/// In a thread of its own, which nobody joins: there may be thousands.
void EchoTarget::startCall() {
    std::shared_ptr<PipeClient> client;
    try {
        client = std::make_shared<PipeClient>(_target.accept());
    } catch (const Poco::Exception&) {
        return; // it has gone already
    }
    ++_calls;
    std::thread([this, client] {
        echo(std::move(*client));
        --_calls;
    }).detach();
}

/// A client that breaks, or is silent for long, is no matter of this target's.
void EchoTarget::echo(PipeClient client) {
    std::array<char, 16384> buffer{};
    try {
        while (const auto size = client.receive(buffer.data(), buffer.size()))
            client.send({buffer.data(), size});
        client.finishSending();
    } catch (const std::exception&) {
        client.abort();
    }
}

} // namespace connector::test
