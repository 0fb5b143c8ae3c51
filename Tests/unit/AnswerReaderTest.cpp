#include "protocol/AnswerReader.h"

#include "PipeText.h"

#include <boost/test/unit_test.hpp>

#include <string>

using connector::AnswerReader;
using connector::IdleReader;
using Event = connector::AnswerReader::Event;
using connector::test::bytesOf;

namespace {

/// What came in words, and what is behind the answer: to an OPEN that was sent when `before` had come, in
/// pieces of this size.
std::string answerIn(const std::string& before, const std::string& text, std::size_t pieceSize) {
    IdleReader idle;
    for (auto bytes = bytesOf(before); !bytes.empty();)
        idle.read(bytes);
    AnswerReader reader(idle);
    std::string crossings;
    for (std::size_t at = 0; at < text.size(); at += pieceSize) {
        auto piece = bytesOf(std::string_view(text).substr(at, pieceSize));
        auto event = reader.read(piece);
        for (; event == Event::Crossed; event = reader.read(piece))
            crossings += "crossed, ";
        const auto behind =
            ", " + std::to_string(text.size() - std::min(text.size(), at + pieceSize) + piece.size()) +
            " behind";
        if (event == Event::Opened) return crossings + "opened" + behind;
        if (event == Event::Refused) return crossings + "refused: " + reader.reason() + behind;
        if (event == Event::Bad) return "bad";
        if (!piece.empty()) return "bytes are left without an answer";
    }
    return crossings + "nothing yet";
}

void requireInAnyPieces(const std::string& before, const std::string& text, const std::string& answer) {
    for (std::size_t size = 1; size <= text.size(); ++size)
        BOOST_TEST(answerIn(before, text, size) == answer,
                   "in pieces of " << size << ": " << answerIn(before, text, size));
}

} // namespace

BOOST_AUTO_TEST_SUITE(Pipe2AnswerReader)

BOOST_AUTO_TEST_CASE(opened_leaves_what_is_behind_it) {
    requireInAnyPieces("", "OPENED\n", "opened, 0 behind");
    requireInAnyPieces("", "OPENED\nBEAT\n", "opened, 5 behind");
}

BOOST_AUTO_TEST_CASE(refused_has_a_reason) {
    requireInAnyPieces("", "REFUSED the target is down\nBEAT\n", "refused: the target is down, 5 behind");
}

BOOST_AUTO_TEST_CASE(beats_may_come_first) {
    requireInAnyPieces("", "BEAT\nBEAT\nOPENED\n", "opened, 0 behind");
    requireInAnyPieces("", "BEAT\nBEAT\nOPENE", "nothing yet");
}

BOOST_AUTO_TEST_CASE(an_open_of_the_other_end_is_dropped_with_its_first_bytes) {
    requireInAnyPieces("", "OPEN x 7\nOPENED\nBEAT\nOPENED\n", "crossed, opened, 0 behind");
    requireInAnyPieces("", "OPEN x\nREFUSED y\n", "crossed, refused: y, 0 behind");
    requireInAnyPieces("", "OPEN x\n", "crossed, nothing yet");
    requireInAnyPieces("", "OPEN x 7\nOPENED\n", "crossed, nothing yet");
    requireInAnyPieces("", "OPEN x 7\nOPENED", "nothing yet");
}

BOOST_AUTO_TEST_CASE(it_goes_on_where_the_idle_reader_stopped) {
    requireInAnyPieces("BEA", "T\nOPENED\n", "opened, 0 behind");
    requireInAnyPieces("BEAT\n", "OPENED\n", "opened, 0 behind");
    requireInAnyPieces("OPEN x 7\nOPE", "NED\nOPENED\nx", "crossed, opened, 1 behind");
    requireInAnyPieces("OPEN x 7", "\nOPENED\nOPENED\n", "crossed, opened, 0 behind");
    requireInAnyPieces("OPEN", "ED\n", "opened, 0 behind");
}

BOOST_AUTO_TEST_CASE(anything_else_is_bad) {
    requireInAnyPieces("", "nonsense\n", "bad");
    requireInAnyPieces("", "BEAT\n\n", "bad");
    requireInAnyPieces("", "OPENED \n", "bad");
    requireInAnyPieces("", "OPEN x 65537\n", "bad");
    requireInAnyPieces("", "\x80", "bad");
    requireInAnyPieces("", std::string(256, 'x'), "bad");
    requireInAnyPieces("BEA", std::string(253, 'x'), "bad");
}

BOOST_AUTO_TEST_SUITE_END()
