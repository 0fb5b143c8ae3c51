#include "protocol/AnswerReader.h"

#include <algorithm>

namespace connector {

AnswerReader::Event AnswerReader::read(std::span<const std::byte>& bytes) {
    while (!bytes.empty()) {
        if (_toDrop > 0) {
            const auto dropped = std::min(bytes.size(), _toDrop);
            bytes = bytes.subspan(dropped);
            _toDrop -= dropped;
            if (_toDrop > 0) break;
            return Event::Crossed;
        }
        const auto status = _lines.read(bytes);
        if (status == LineReader::Status::Bad) {
            _text = "a line that is too long, or not text";
            return Event::Bad;
        }
        if (status == LineReader::Status::Incomplete) break;
        const auto event = takeLine();
        if (event != Event::Nothing) return event;
    }
    return Event::Nothing;
}

AnswerReader::Event AnswerReader::takeLine() {
    const auto line = Pipe2Line::parse(_lines.line());
    if (!line) {
        _text = "\"" + _lines.line() + "\" instead of an answer to OPEN";
        return Event::Bad;
    }
    switch (line->kind) {
    case Pipe2Line::Kind::Opened:
        return Event::Opened;
    case Pipe2Line::Kind::Refused:
        _text = line->text;
        return Event::Refused;
    case Pipe2Line::Kind::Open:
        _toDrop = line->firstBytes;
        return _toDrop == 0 ? Event::Crossed : Event::Nothing;
    case Pipe2Line::Kind::Beat:
        return Event::Nothing;
    }
    return Event::Bad;
}

} // namespace connector
