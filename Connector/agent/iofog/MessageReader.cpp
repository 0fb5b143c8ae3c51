#include "agent/iofog/MessageReader.h"

#include "agent/iofog/IoMessage.h"

#include <algorithm>
#include <array>

namespace connector {

namespace {

/// In plain TCP a heartbeat may come in one read with something else.
constexpr std::string_view kBeat = "BEAT";

constexpr std::array kWords{kMessageEnd, kMessageAck, kMessageProbe, kBeat};

} // namespace

MessageReader::Event MessageReader::read(std::span<const std::byte>& bytes) {
    auto event = Event::Nothing;
    while (!bytes.empty() && event == Event::Nothing) {
        if (_state == State::Body) {
            readBody(bytes);
            continue;
        }
        const char next = static_cast<char>(bytes.front());
        bytes = bytes.subspan(1);
        switch (_state) {
        case State::Between:
            event = readWord(next);
            break;
        case State::Header:
            readHeader(next);
            break;
        case State::End:
            event = readEnd(next);
            break;
        case State::Body:
        case State::Lost:
            event = skip(next);
        }
    }
    return event;
}

MessageReader::Event MessageReader::readWord(char next) {
    if (_word.empty() && next == kIoMessageCode) {
        _state = State::Header;
        _word = next;
        return Event::Nothing;
    }
    _word += next;
    const auto word = std::find_if(kWords.begin(), kWords.end(),
                                   [&](std::string_view one) { return one.starts_with(_word); });
    if (word == kWords.end())
        lose("no ioMessage");
    else if (*word == _word)
        return wordIs(*word);
    return Event::Nothing;
}

MessageReader::Event MessageReader::wordIs(std::string_view word) {
    _word.clear();
    if (word == kMessageAck) return Event::Ack;
    if (word == kBeat) return Event::Nothing;
    if (word == kMessageEnd) {
        _damage = "an end without an ioMessage";
        return Event::Damaged;
    }
    _size = 0; // a probe ends as a message does
    _message.clear();
    _state = State::End;
    return Event::Nothing;
}

void MessageReader::readHeader(char next) {
    _word += next;
    if (_word.size() < kIoMessageHeader) return;
    _size = sizeInHeader(_word);
    if (_size == 0 || _size > kMaxIoMessage - kIoMessageHeader)
        return lose("an ioMessage of " + std::to_string(_size) + " bytes");
    _word.clear();
    _message.clear();
    _state = State::Body;
}

void MessageReader::readBody(std::span<const std::byte>& bytes) {
    const auto part = bytes.first(std::min(bytes.size(), _size - _message.size()));
    _message.append(reinterpret_cast<const char*>(part.data()), part.size());
    bytes = bytes.subspan(part.size());
    if (_message.size() == _size) _state = State::End;
}

MessageReader::Event MessageReader::readEnd(char next) {
    _word += next;
    if (!kMessageEnd.starts_with(_word)) {
        lose("an ioMessage without its end");
        return Event::Nothing;
    }
    if (_word.size() < kMessageEnd.size()) return Event::Nothing;
    _word.clear();
    _state = State::Between;
    return _size == 0 ? Event::Probe : Event::Message;
}

MessageReader::Event MessageReader::skip(char next) {
    _word += next;
    if (!_word.ends_with(kMessageEnd)) {
        if (_word.size() >= kMessageEnd.size()) _word.erase(0, _word.size() - kMessageEnd.size() + 1);
        return Event::Nothing;
    }
    _word.clear();
    _state = State::Between;
    return Event::Damaged;
}

/// What has come of the word stays: TXEND may begin in it.
void MessageReader::lose(const std::string& why) {
    _damage = why;
    _message.clear();
    _state = State::Lost;
}

} // namespace connector
