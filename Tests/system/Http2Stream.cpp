#include "Http2Stream.h"

namespace connector::test {

namespace {

/// How long sendSome() waits for anything to be sent before it calls a stream stuck.
constexpr std::chrono::milliseconds kMoment{300};

} // namespace

std::string Http2Stream::field(const std::string& name) const {
    std::string found;
    _session->perform([&] {
        for (const auto& [each, value] : _state->fields)
            if (each == name) found = value;
    });
    return found;
}

std::string Http2Stream::visitor() const {
    constexpr std::string_view kBegin = "for=\"";
    const auto forwarded = field("forwarded");
    if (!forwarded.starts_with(kBegin) || !forwarded.ends_with('"'))
        throw std::runtime_error("forwarded is " + forwarded);
    return forwarded.substr(kBegin.size(), forwarded.size() - kBegin.size() - 1);
}

void Http2Stream::answer(int status, const HeaderFields& fields) {
    _session->perform([&] { _session->answer(*_state, status, fields, false); });
}

void Http2Stream::refuse(int status, const std::string& reason) {
    _session->perform([&] { _session->answer(*_state, status, {{"pipe-reason", reason}}, true); });
}

void Http2Stream::reset(std::uint32_t code) {
    _session->perform([&] { _session->reset(*_state, code); });
}

int Http2Stream::status() {
    _session->await("the answer of a stream", [this] {
        if (!_state->isAnswered && _state->reset)
            throw ConnectionLost("the stream is reset with " + std::to_string(*_state->reset));
        return _state->isAnswered;
    });
    return std::stoi(field(":status"));
}

std::uint32_t Http2Stream::awaitReset() {
    _session->await("the reset of a stream", [this] { return _state->reset.has_value(); });
    return *_state->reset;
}

std::size_t Http2Stream::available() const {
    std::size_t available = 0;
    _session->perform([&] { available = _state->available(); });
    return available;
}

void Http2Stream::send(std::string_view data) {
    _session->perform([&] { _session->send(*_state, data); });
    for (auto left = data.size(); left != 0;)
        _session->await("a stream takes more", [&] { return isTaken(left); });
}

std::size_t Http2Stream::sendSome(std::string_view data) {
    _session->perform([&] { _session->send(*_state, data); });
    std::size_t left = data.size();
    while (left != 0 && _session->holdsWithin(kMoment, [&] { return isTaken(left); })) {
    }
    _session->perform([&] { left = Http2Session::takeBack(*_state); });
    return data.size() - left;
}

/// Whether less than this much is left to send; then it becomes that.
bool Http2Stream::isTaken(std::size_t& left) const {
    if (_state->reset) throw ConnectionLost("the stream is reset with " + std::to_string(*_state->reset));
    const auto now = _state->unsent.size() - _state->sent;
    return now < std::exchange(left, now);
}

std::size_t Http2Stream::receive(char* buffer, std::size_t size) {
    std::size_t got = 0;
    _session->awaitOrEnd("bytes of a stream", [&] { return _state->available() > 0 || _state->isOver(); });
    _session->perform([&] { got = _session->take(*_state, buffer, size); });
    return got;
}

bool Http2Stream::isQuiet() {
    bool isQuiet = false;
    _session->perform([] {});
    _session->perform([&] { isQuiet = _state->available() == 0 && !_state->isOver(); });
    return isQuiet;
}

ByteChannel::End Http2Stream::end() const {
    auto end = End::Open;
    _session->perform([&] {
        if (_state->hasEnded)
            end = End::Orderly;
        else if (_state->isOver() || _session->isEnded())
            end = End::Reset;
    });
    return end;
}

void Http2Stream::finishSending() {
    _session->perform([&] { _session->finish(*_state); });
}

} // namespace connector::test
