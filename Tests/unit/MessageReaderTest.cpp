#include "agent/iofog/MessageReader.h"

#include "PipeText.h"
#include "agent/iofog/IoMessage.h"

#include <boost/test/unit_test.hpp>

#include <string>

using connector::framed;
using connector::MessageReader;
using Event = connector::MessageReader::Event;

namespace {

using namespace std::string_literals;

/// What the reader says of the bytes when they come in pieces of this size.
std::string eventsIn(const std::string& text, std::size_t pieceSize) {
    std::string events;
    MessageReader reader;
    for (std::size_t at = 0; at < text.size(); at += pieceSize) {
        auto piece = connector::test::bytesOf(std::string_view(text).substr(at, pieceSize));
        while (!piece.empty()) {
            const auto event = reader.read(piece);
            if (event == Event::Message) events += reader.message() + ";";
            if (event == Event::Ack) events += "ack;";
            if (event == Event::Probe) events += "probe;";
            if (event == Event::Damaged) events += "damaged: " + reader.damage() + ";";
        }
    }
    return events;
}

void requireInAnyPieces(const std::string& text, const std::string& events) {
    for (std::size_t size = 1; size <= text.size(); ++size)
        BOOST_TEST(eventsIn(text, size) == events, "in pieces of " << size << ": " << eventsIn(text, size));
}

} // namespace

BOOST_AUTO_TEST_SUITE(MessageReaders)

BOOST_AUTO_TEST_CASE(reads_messages_however_they_are_cut) {
    requireInAnyPieces(framed("one") + "TXEND" + framed("two") + "TXEND", "one;two;");
}

BOOST_AUTO_TEST_CASE(reads_acknowledgements_between_them) {
    requireInAnyPieces("ACK" + framed("one") + "TXENDACKACK", "ack;one;ack;ack;");
}

BOOST_AUTO_TEST_CASE(words_within_a_message_are_its_own) {
    for (const auto* word : {"TXEND", "ACK", "BEAT", "HELLO", "\x0D"})
        requireInAnyPieces(framed(word) + "TXEND", word + ";"s);
}

/// In plain TCP a beat may be glued to something else.
BOOST_AUTO_TEST_CASE(leaves_out_heartbeats) {
    requireInAnyPieces("BEAT" + framed("one") + "TXENDBEATBEATACKBEAT", "one;ack;");
}

BOOST_AUTO_TEST_CASE(knows_a_probe) {
    requireInAnyPieces("HELLOTXEND" + framed("one") + "TXEND", "probe;one;");
}

BOOST_AUTO_TEST_CASE(leaves_out_what_it_does_not_understand_up_to_its_end) {
    requireInAnyPieces("rubbishTXEND" + framed("one") + "TXEND", "damaged: no ioMessage;one;");
    requireInAnyPieces("TXTXEND" + framed("one") + "TXEND", "damaged: no ioMessage;one;");
    requireInAnyPieces("TXEND" + framed("one") + "TXEND", "damaged: an end without an ioMessage;one;");
}

BOOST_AUTO_TEST_CASE(a_message_without_its_end_is_none) {
    requireInAnyPieces(framed("one") + framed("two") + "TXEND" + framed("three") + "TXEND",
                       "damaged: an ioMessage without its end;three;");
}

BOOST_AUTO_TEST_CASE(sizes_have_bounds) {
    requireInAnyPieces("\x0D\x00\x00\x00\x00TXEND"s + framed("one") + "TXEND",
                       "damaged: an ioMessage of 0 bytes;one;");
    requireInAnyPieces("\x0D\xFF\xFF\xFF\xFF and so onTXEND"s + framed("one") + "TXEND",
                       "damaged: an ioMessage of 4294967295 bytes;one;");
}

BOOST_AUTO_TEST_CASE(the_largest_message_that_stock_agents_take_is_taken) {
    const std::string largest(connector::kMaxIoMessage - connector::kIoMessageHeader, 'x');
    BOOST_TEST((eventsIn(framed(largest) + "TXEND", 16384) == largest + ";"));
    BOOST_TEST(eventsIn(framed(largest + "x") + "TXEND", 16384) ==
               "damaged: an ioMessage of 10485756 bytes;");
}

BOOST_AUTO_TEST_SUITE_END()
