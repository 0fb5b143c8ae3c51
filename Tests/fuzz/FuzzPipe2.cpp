// What comes on a connection of PIPE/2 that is idle, or whose OPEN is to be answered: the same is understood
// however the network cuts it into pieces.
#include "protocol/AnswerReader.h"
#include "protocol/IdleReader.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using connector::AnswerReader;
using connector::IdleReader;
using connector::Pipe2Line;

namespace {

using Bytes = std::span<const std::byte>;

/// Enough for a line that is too long and what follows it; all else is the same for longer ones.
constexpr std::size_t kMaxInput = 600;

void check(bool condition) {
    if (!condition) std::abort();
}

/// Pieces of the input, each after a byte that tells its length.
std::vector<Bytes> piecesOf(Bytes input) {
    std::vector<Bytes> pieces;
    while (!input.empty()) {
        const auto length = std::min(std::to_integer<std::size_t>(input.front()), input.size() - 1);
        pieces.push_back(input.subspan(1, length));
        input = input.subspan(1 + length);
    }
    return pieces;
}

std::vector<std::byte> joined(const std::vector<Bytes>& pieces) {
    std::vector<std::byte> all;
    for (const auto piece : pieces)
        all.insert(all.end(), piece.begin(), piece.end());
    return all;
}

std::string text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What an idle connection's end makes of the pieces, in words.
std::string idleEvents(const std::vector<Bytes>& pieces) {
    std::string events;
    IdleReader reader;
    for (auto piece : pieces) {
        while (!piece.empty()) {
            const auto before = piece.size();
            const auto event = reader.read(piece);
            check(piece.size() < before);
            if (event == IdleReader::Event::Nothing) check(piece.empty() && reader.isInside());
            if (event == IdleReader::Event::Beat) events += "beat;";
            if (event == IdleReader::Event::Bad) return events + "bad: " + reader.error();
            if (event != IdleReader::Event::Open) continue;
            check(!reader.visitor().empty() && reader.visitor().size() < Pipe2Line::kMaxLength);
            check(reader.firstBytes().size() <= Pipe2Line::kMaxFirstBytes && !reader.isInside());
            events += "open " + reader.visitor() + " with " + text(reader.firstBytes()) + ";";
            reader.forgetOpen();
        }
    }
    return events;
}

/// Reads up to the answer, over OPENs that have crossed.
AnswerReader::Event readAnswer(AnswerReader& reader, Bytes& piece, std::size_t& crossings) {
    auto event = reader.read(piece);
    for (; event == AnswerReader::Event::Crossed; event = reader.read(piece))
        ++crossings;
    return event;
}

/// The same while an answer to OPEN is awaited that was sent before any of it had come.
std::string answer(const std::vector<Bytes>& pieces) {
    AnswerReader reader{IdleReader()};
    std::size_t crossings = 0;
    std::size_t left = joined(pieces).size();
    for (auto piece : pieces) {
        left -= piece.size();
        const auto event = readAnswer(reader, piece, crossings);
        const auto behind = ", " + std::to_string(left + piece.size()) + " behind " +
                            std::to_string(crossings) + " crossings";
        if (event == AnswerReader::Event::Opened) return "opened" + behind;
        if (event == AnswerReader::Event::Refused) return "refused: " + reader.reason() + behind;
        if (event == AnswerReader::Event::Bad) return "bad: " + reader.error();
        check(piece.empty());
    }
    return "nothing behind " + std::to_string(crossings) + " crossings";
}

/// Beats and OPENs are dropped until the answer, so that it makes no difference how much of them came before
/// Connector's own OPEN was sent.
void checkHandover(const std::vector<Bytes>& pieces) {
    const auto expected = answer(pieces);
    IdleReader idle;
    for (std::size_t at = 0; at < pieces.size(); ++at) {
        auto piece = pieces[at];
        while (!piece.empty()) {
            const auto event = idle.read(piece);
            if (event == IdleReader::Event::Bad) return; // an answer perhaps, which nobody had asked for
            if (event == IdleReader::Event::Open) idle.forgetOpen();
        }
        AnswerReader reader(idle);
        auto event = AnswerReader::Event::Nothing;
        std::size_t crossings = 0;
        for (auto next = at + 1; next < pieces.size() && event == AnswerReader::Event::Nothing; ++next) {
            auto rest = pieces[next];
            event = readAnswer(reader, rest, crossings);
        }
        check((event == AnswerReader::Event::Opened) == expected.starts_with("opened"));
        check((event == AnswerReader::Event::Refused) == expected.starts_with("refused"));
        check((event == AnswerReader::Event::Bad) == expected.starts_with("bad"));
    }
}

/// A line that is written is read as it was meant.
void checkLine(const std::string& line) {
    const auto parsed = Pipe2Line::parse(line);
    if (!parsed) return;
    const auto written = parsed->toString();
    check(written.size() <= Pipe2Line::kMaxLength && written.ends_with('\n'));
    if (line.size() >= Pipe2Line::kMaxLength) return;
    const auto again = Pipe2Line::parse(written.substr(0, written.size() - 1));
    check(again && again->kind == parsed->kind && again->firstBytes == parsed->firstBytes);
}

} // namespace

/// input: pieces, each a byte that tells its length, and so many bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    if (size > kMaxInput) return 0;
    const auto pieces = piecesOf(std::as_bytes(std::span(input, size)));
    const auto all = joined(pieces);
    std::vector<Bytes> single;
    for (std::size_t at = 0; at < all.size(); ++at)
        single.push_back(Bytes(all).subspan(at, 1));

    check(idleEvents(pieces) == idleEvents({all}));
    check(idleEvents(single) == idleEvents({all}));
    check(answer(pieces) == answer({all}));
    check(answer(single) == answer({all}));
    checkHandover(pieces);
    checkLine(text(all));
    return 0;
}
