#include "PipeActions.h"

namespace connector::test {

namespace {

constexpr std::string_view kAuthorized = "AUTHORIZED";
constexpr std::string_view kBeat = "BEAT";

/// Whether what one sends comes out of the other.
bool arrives(ByteChannel& from, ByteChannel& to, const std::string& text) {
    from.send(text);
    return to.readExactly(text.size()) == text;
}

} // namespace

void authorize(PipeClient& agent, const std::string& passcode) {
    agent.send(passcode);
    const auto answer = agent.readExactly(kAuthorized.size());
    if (answer != kAuthorized) throw ConnectionLost("the answer to the passcode is \"" + answer + "\"");
}

bool isClosedUnanswered(ByteChannel& client) {
    return client.readToEnd().empty();
}

bool areJoined(ByteChannel& one, ByteChannel& other) {
    return arrives(one, other, "a question") && arrives(other, one, "an answer");
}

bool answersBeat(PipeClient& agent, const std::string& heartbeat) {
    sendAlone(agent, heartbeat);
    return agent.readExactly(kBeat.size()) == kBeat;
}

void sendAlone(PipeClient& client, const std::string& message) {
    client.waitUntilRead();
    client.send(message);
    client.waitUntilRead();
}

bool refusesConnections(std::uint16_t port) {
    for (const char* host : {"127.0.0.1", "::1"}) {
        try {
            PipeClient client(Poco::Net::SocketAddress(host, port));
            return false;
        } catch (const ConnectionLost&) {
        }
    }
    return true;
}

} // namespace connector::test
