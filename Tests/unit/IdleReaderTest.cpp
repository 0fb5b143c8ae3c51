#include "protocol/IdleReader.h"

#include "PipeText.h"

#include <boost/test/unit_test.hpp>

#include <ostream>
#include <string>

namespace connector {

std::ostream& operator<<(std::ostream& out, IdleReader::Event event) {
    return out << static_cast<int>(event);
}

} // namespace connector

using connector::IdleReader;
using Event = connector::IdleReader::Event;

namespace {

std::string firstBytesOf(const IdleReader& reader) {
    const auto& bytes = reader.firstBytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What happens when the bytes come in pieces of this size, in words.
std::string eventsIn(const std::string& text, std::size_t pieceSize) {
    std::string events;
    IdleReader reader;
    for (std::size_t at = 0; at < text.size(); at += pieceSize) {
        auto piece = connector::test::bytesOf(std::string_view(text).substr(at, pieceSize));
        while (!piece.empty()) {
            const auto event = reader.read(piece);
            if (event == Event::Beat) events += "beat;";
            if (event == Event::Bad) return events + "bad;";
            if (event == Event::Open) {
                events += reader.visitor() + "=" + firstBytesOf(reader) + ";";
                reader.forgetOpen();
            }
        }
    }
    return events;
}

void requireInAnyPieces(const std::string& text, const std::string& events) {
    for (std::size_t size = 1; size <= text.size(); ++size)
        BOOST_TEST(eventsIn(text, size) == events, "in pieces of " << size << ": " << eventsIn(text, size));
}

} // namespace

BOOST_AUTO_TEST_SUITE(Pipe2IdleReader)

BOOST_AUTO_TEST_CASE(beats) {
    requireInAnyPieces("BEAT\nBEAT\nBEAT\nBEA", "beat;beat;beat;");
}

BOOST_AUTO_TEST_CASE(open_comes_with_its_first_bytes) {
    requireInAnyPieces("OPEN 192.0.2.1:80 5\nhello", "192.0.2.1:80=hello;");
    requireInAnyPieces("OPEN 192.0.2.1:80\n", "192.0.2.1:80=;");
    requireInAnyPieces("OPEN x 0\n", "x=;");
}

BOOST_AUTO_TEST_CASE(open_is_no_event_before_its_last_byte) {
    requireInAnyPieces("BEAT\nOPEN 192.0.2.1:80 5\nhell", "beat;");
    requireInAnyPieces("OPEN 192.0.2.1:80", "");
}

BOOST_AUTO_TEST_CASE(first_bytes_may_look_like_lines) {
    requireInAnyPieces("OPEN x 10\nBEAT\nBEAT\nBEAT\n", "x=BEAT\nBEAT\n;beat;");
}

BOOST_AUTO_TEST_CASE(idle_again_after_open_was_refused) {
    requireInAnyPieces("OPEN x 1\n1BEAT\nOPEN y 2\n22OPEN z\n", "x=1;beat;y=22;z=;");
}

BOOST_AUTO_TEST_CASE(anything_else_is_bad) {
    requireInAnyPieces("BEAT\nOPENED\n", "beat;bad;");
    requireInAnyPieces("REFUSED x\n", "bad;");
    requireInAnyPieces("nonsense\n", "bad;");
    requireInAnyPieces("OPEN x 65537\n", "bad;");
    requireInAnyPieces("BEAT\r\n", "bad;");
    requireInAnyPieces(std::string(256, 'x'), "bad;");
}

/// A reader goes along with its agent into a relay, which may last for days.
BOOST_AUTO_TEST_CASE(first_bytes_that_were_taken_keep_no_memory) {
    IdleReader reader;
    const auto open = "OPEN 192.0.2.1:80 65536\n" + std::string(65536, 'x');
    auto bytes = connector::test::bytesOf(open);
    BOOST_TEST(reader.read(bytes) == Event::Open);
    reader.forgetOpen();
    BOOST_TEST(reader.firstBytes().capacity() == 0);
}

BOOST_AUTO_TEST_CASE(error_quotes_the_line) {
    IdleReader reader;
    auto bytes = connector::test::bytesOf("nonsense\n");
    BOOST_TEST(reader.read(bytes) == Event::Bad);
    BOOST_TEST(reader.error().find("\"nonsense\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(it_knows_whether_something_is_unfinished) {
    IdleReader reader;
    const auto isInsideAfter = [&reader](std::string_view text) {
        auto bytes = connector::test::bytesOf(text);
        reader.read(bytes);
        return reader.isInside();
    };
    BOOST_TEST(!reader.isInside());
    BOOST_TEST(isInsideAfter("OPEN x"));
    BOOST_TEST(isInsideAfter(" 2\n"));
    BOOST_TEST(isInsideAfter("a"));
    BOOST_TEST(!isInsideAfter("b"));
}

BOOST_AUTO_TEST_SUITE_END()
