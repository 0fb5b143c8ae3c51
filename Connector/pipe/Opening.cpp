#include "pipe/Opening.h"

#include <algorithm>

namespace connector {

Opening::Opening(EventLoop& loop, const PipeLimits& limits, RelayPeer agent_, RelayPeer opener_, Owner& owner)
    : agent(std::move(agent_)), opener(std::move(opener_)), _loop(loop), _limits(limits), _owner(owner),
      _answer(std::exchange(agent.idle, {})), _timer(loop, [this] {
          lose("it did not answer OPEN within " + std::to_string(_limits.open.count()) + " ms");
      }) {}

void Opening::start() {
    if (!opener.stream->attach(_loop, *this) || !agent.stream->attach(_loop, *this))
        return lose("no room to watch another descriptor");
    sendOpen();
}

void Opening::cancel() {
    finish();
    for (auto* end : {&opener, &agent}) {
        end->stream->retire();
        _loop.destroyLater(std::move(end->stream));
    }
}

void Opening::finish() {
    _isOver = true;
    _timer.cancel();
}

/// That the opener has ended or broken is for the relay to find out.
void Opening::onReady(Stream& stream) {
    if (&stream == agent.stream.get()) readAnswer();
}

/// In one write, so that the first bytes cost no packet of their own.
void Opening::sendOpen() {
    _timer.start(_limits.open);
    const auto visitor = opener.visitor.empty() ? opener.stream->peer().toString() : opener.visitor;
    const auto line = Pipe2Line::open(visitor, opener.held.bytes().size()).toString();
    const auto bytes = std::as_bytes(std::span(line));
    std::vector<std::byte> message(bytes.begin(), bytes.end());
    message.insert(message.end(), opener.held.bytes().begin(), opener.held.bytes().end());
    if (agent.stream->send(message) == Stream::Status::Failed) return lose(agent.stream->failure());
    readAnswer();
}

void Opening::readAnswer() {
    if (agent.stream->flush() == Stream::Status::Failed) return lose(agent.stream->failure());
    for (int i = 0; i < Stream::kMessagesPerTurn && !_isOver; ++i) {
        const auto received = agent.stream->receive(_loop.scratch().first(Stream::kMaxMessage));
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return lose(agent.stream->failure());
        if (received.status == Stream::Status::Ended) return lose("it closed the connection");
        takeBytes(_loop.scratch().first(received.bytes));
    }
    if (!_isOver) agent.stream->again();
}

void Opening::takeBytes(std::span<const std::byte> bytes) {
    auto event = _answer.read(bytes);
    while (event == AnswerReader::Event::Crossed) {
        agent.held = Messages(bytes);
        _owner.onCrossed(*this);
        if (_isOver) return;
        event = _answer.read(bytes);
    }
    if (event == AnswerReader::Event::Nothing) return;
    if (event == AnswerReader::Event::Bad) return lose("it sent " + _answer.error());
    agent.held = Messages(bytes);
    finish();
    if (event == AnswerReader::Event::Opened)
        _owner.onOpened(*this);
    else
        _owner.onRefused(*this, _answer.reason());
}

void Opening::lose(const std::string& why) {
    if (_isOver) return;
    finish();
    _owner.onAgentLost(*this, why);
}

} // namespace connector
