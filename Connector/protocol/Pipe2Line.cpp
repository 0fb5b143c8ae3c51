#include "protocol/Pipe2Line.h"

#include <algorithm>
#include <charconv>

namespace connector {

namespace {

constexpr std::string_view kBeat = "BEAT";
constexpr std::string_view kOpen = "OPEN ";
constexpr std::string_view kOpened = "OPENED";
constexpr std::string_view kRefused = "REFUSED ";

bool isPrintable(char c) {
    return c >= ' ' && c <= '~';
}

std::optional<Pipe2Line> parseOpen(std::string_view rest) {
    const auto space = rest.find(' ');
    const auto address = rest.substr(0, space);
    if (address.empty()) return std::nullopt;
    if (space == std::string_view::npos) return Pipe2Line::open(std::string(address), 0);

    const auto digits = rest.substr(space + 1);
    std::size_t count = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
    if (count > Pipe2Line::kMaxFirstBytes) return std::nullopt;
    return Pipe2Line::open(std::string(address), count);
}

} // namespace

std::optional<Pipe2Line> Pipe2Line::parse(std::string_view line) {
    if (line == kBeat) return beat();
    if (line == kOpened) return opened();
    if (line.starts_with(kOpen)) return parseOpen(line.substr(kOpen.size()));
    if (line.starts_with(kRefused)) return refused(std::string(line.substr(kRefused.size())));
    return std::nullopt;
}

std::string Pipe2Line::toString() const {
    std::string line;
    switch (kind) {
    case Kind::Beat:
        line = kBeat;
        break;
    case Kind::Open:
        line = std::string(kOpen) + text;
        if (firstBytes > 0) line += " " + std::to_string(firstBytes);
        break;
    case Kind::Opened:
        line = kOpened;
        break;
    case Kind::Refused:
        line = std::string(kRefused) + text;
        std::replace_if(
            line.begin(), line.end(), [](char c) { return !isPrintable(c); }, '?');
        break;
    }
    return line.substr(0, kMaxLength - 1) + "\n";
}

LineReader::Status LineReader::read(std::span<const std::byte>& bytes) {
    if (_complete) {
        _line.clear();
        _complete = false;
    }
    while (!bytes.empty()) {
        const char c = static_cast<char>(bytes.front());
        bytes = bytes.subspan(1);
        if (c == '\n') {
            _complete = true;
            return Status::Complete;
        }
        if (!isPrintable(c) || _line.size() + 2 > Pipe2Line::kMaxLength) return Status::Bad;
        _line += c;
    }
    return Status::Incomplete;
}

} // namespace connector
