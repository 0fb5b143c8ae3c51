#include "protocol/IdleReader.h"

#include <algorithm>

namespace connector {

IdleReader::Event IdleReader::read(std::span<const std::byte>& bytes) {
    if (_missing > 0) return takeFirstBytes(bytes);
    switch (_lines.read(bytes)) {
    case LineReader::Status::Incomplete:
        return Event::Nothing;
    case LineReader::Status::Bad:
        return bad("a line that is too long, or not text");
    case LineReader::Status::Complete:
        break;
    }
    const auto event = takeLine();
    return event == Event::Nothing ? takeFirstBytes(bytes) : event;
}

void IdleReader::forgetOpen() {
    _visitor.clear();
    std::vector<std::byte>().swap(_firstBytes); // gives the memory back: the reader goes along into a relay
}

/// Nothing when it was an OPEN whose first bytes are to come.
IdleReader::Event IdleReader::takeLine() {
    const auto line = Pipe2Line::parse(_lines.line());
    if (line && line->kind == Pipe2Line::Kind::Beat) return Event::Beat;
    if (!line || line->kind != Pipe2Line::Kind::Open)
        return bad("\"" + _lines.line() + "\", which has no place on an idle connection");
    _visitor = line->text;
    _missing = line->firstBytes;
    return _missing == 0 ? Event::Open : Event::Nothing;
}

IdleReader::Event IdleReader::takeFirstBytes(std::span<const std::byte>& bytes) {
    const auto taken = bytes.first(std::min(bytes.size(), _missing));
    bytes = bytes.subspan(taken.size());
    _firstBytes.insert(_firstBytes.end(), taken.begin(), taken.end());
    _missing -= taken.size();
    return _missing == 0 ? Event::Open : Event::Nothing;
}

IdleReader::Event IdleReader::bad(const std::string& error) {
    _error = error;
    return Event::Bad;
}

} // namespace connector
