#include "pipe/Greeting.h"

#include <boost/test/unit_test.hpp>

#include <ostream>

namespace connector {

std::ostream& operator<<(std::ostream& out, Greeting::Verdict verdict) {
    return out << static_cast<int>(verdict);
}

} // namespace connector

using connector::Greeting;
using Verdict = connector::Greeting::Verdict;

namespace {

const std::string kPasscode = "0b403b65-c5a0-476f-92f5-ffc7ca0f85ef";

/// Adds the text in pieces of this size and returns the first verdict that is one, or Incomplete.
Verdict verdictOn(const std::string& text, std::size_t pieceSize) {
    Greeting greeting(kPasscode);
    for (std::size_t at = 0; at < text.size(); at += pieceSize) {
        const auto piece = std::string_view(text).substr(at, pieceSize);
        const auto verdict = greeting.add(std::as_bytes(std::span(piece)));
        if (verdict != Verdict::Incomplete) return verdict;
    }
    return Verdict::Incomplete;
}

} // namespace

BOOST_AUTO_TEST_SUITE(GreetingOfPipe1)

BOOST_AUTO_TEST_CASE(the_passcode_is_accepted_in_pieces_of_any_size) {
    for (std::size_t size = 1; size <= kPasscode.size(); ++size)
        BOOST_TEST(verdictOn(kPasscode, size) == Verdict::Accepted);
}

BOOST_AUTO_TEST_CASE(every_proper_beginning_is_incomplete) {
    for (std::size_t length = 0; length < kPasscode.size(); ++length)
        BOOST_TEST(verdictOn(kPasscode.substr(0, length), 5) == Verdict::Incomplete);
}

BOOST_AUTO_TEST_CASE(a_wrong_byte_is_refused_only_when_the_greeting_is_complete) {
    for (std::size_t at = 0; at < kPasscode.size(); ++at) {
        auto wrong = kPasscode;
        wrong[at] = static_cast<char>(wrong[at] ^ 1);
        BOOST_TEST(verdictOn(wrong.substr(0, wrong.size() - 1), 1) == Verdict::Incomplete);
        BOOST_TEST(verdictOn(wrong, 7) == Verdict::Refused);
    }
}

BOOST_AUTO_TEST_CASE(anything_behind_the_passcode_in_the_same_piece_is_refused) {
    BOOST_TEST(verdictOn(kPasscode + "\n", 100) == Verdict::Refused);
    BOOST_TEST(verdictOn(std::string(1000, 'x'), 1000) == Verdict::Refused);
}

BOOST_AUTO_TEST_CASE(it_knows_whether_it_has_begun) {
    Greeting greeting(kPasscode);
    BOOST_TEST(!greeting.hasBegun());
    greeting.add(std::as_bytes(std::span(kPasscode).first(1)));
    BOOST_TEST(greeting.hasBegun());
}

BOOST_AUTO_TEST_SUITE_END()
