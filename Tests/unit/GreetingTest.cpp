#include "protocol/Greeting.h"

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

const std::string kGreeting2 = "PIPE/2 " + kPasscode + "\n";

/// Adds the text in pieces of this size and returns the first verdict that is one, or Incomplete.
Verdict verdictOn(const std::string& text, std::size_t pieceSize, const std::string& passcode = kPasscode,
                  const std::string& former = "") {
    const connector::Passcodes passcodes{passcode, former};
    Greeting greeting(passcodes);
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
        BOOST_TEST(verdictOn(kPasscode, size) == Verdict::Pipe1);
}

BOOST_AUTO_TEST_CASE(a_passcode_may_begin_as_pipe2_does) {
    const std::string passcode = "PIPE/2 secret";
    for (std::size_t size = 1; size <= passcode.size(); ++size)
        BOOST_TEST(verdictOn(passcode, size, passcode) == Verdict::Pipe1);
    BOOST_TEST(verdictOn("PIPE/2 " + passcode + "\n", 50, passcode) == Verdict::Pipe2Serves);
    BOOST_TEST(verdictOn("PIPE/2 guess!\n", 50, passcode) == Verdict::Refused);
}

BOOST_AUTO_TEST_CASE(a_former_passcode_is_as_good) {
    for (const std::string former :
         {"short", "90dd0a64-0b36-4f0f-9d57-1f1ddf6a9b5e", "a-longer-one-than-all-the-others-are"})
        for (std::size_t size : {1, 7, 100}) {
            BOOST_TEST(verdictOn(former, size, kPasscode, former) == Verdict::Pipe1);
            BOOST_TEST(verdictOn(kPasscode, size, kPasscode, former) == Verdict::Pipe1);
            BOOST_TEST(verdictOn("PIPE/2 " + former + "\n", size, kPasscode, former) == Verdict::Pipe2Serves);
            BOOST_TEST(verdictOn("PIPE/2 " + former + " open\n", size, kPasscode, former) ==
                       Verdict::Pipe2Opens);
            BOOST_TEST(verdictOn(kGreeting2, size, kPasscode, former) == Verdict::Pipe2Serves);
        }
    BOOST_TEST(verdictOn("PIPE/2 \n", 100, kPasscode, "") == Verdict::Refused, "an empty one is none");
}

BOOST_AUTO_TEST_CASE(generation_is_that_of_the_passcode_that_was_right) {
    const connector::Passcodes passcodes{.current = "new", .former = "old", .generation = 7};
    for (const auto& [said, generation] : {std::pair("new", 7), std::pair("old", 6)}) {
        Greeting greeting(passcodes);
        BOOST_TEST(greeting.add(std::as_bytes(std::span(std::string_view(said)))) == Verdict::Pipe1);
        BOOST_TEST(greeting.generation() == generation);
    }
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
    const connector::Passcodes passcodes{kPasscode, ""};
    Greeting greeting(passcodes);
    BOOST_TEST(!greeting.hasBegun());
    greeting.add(std::as_bytes(std::span(kPasscode).first(1)));
    BOOST_TEST(greeting.hasBegun());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(GreetingOfPipe2)

BOOST_AUTO_TEST_CASE(the_line_is_accepted_in_pieces_of_any_size) {
    for (std::size_t size = 1; size <= kGreeting2.size(); ++size)
        BOOST_TEST(verdictOn(kGreeting2, size) == Verdict::Pipe2Serves);
}

BOOST_AUTO_TEST_CASE(every_proper_beginning_is_incomplete) {
    for (std::size_t length = 0; length < kGreeting2.size(); ++length)
        BOOST_TEST(verdictOn(kGreeting2.substr(0, length), 5) == Verdict::Incomplete);
}

BOOST_AUTO_TEST_CASE(a_wrong_byte_is_refused_only_when_the_line_has_ended) {
    constexpr std::size_t kPrefix = 7;
    for (std::size_t at = kPrefix; at + 1 < kGreeting2.size(); ++at) {
        auto wrong = kGreeting2;
        wrong[at] = static_cast<char>(wrong[at] ^ 1);
        BOOST_TEST(verdictOn(wrong.substr(0, wrong.size() - 1), 1) == Verdict::Incomplete);
        BOOST_TEST(verdictOn(wrong, 7) == Verdict::Refused);
    }
}

/// What does not begin like PIPE/2 is PIPE/1, where the passcode's length is all that is waited for.
BOOST_AUTO_TEST_CASE(another_version_is_a_wrong_passcode_of_pipe1) {
    BOOST_TEST(verdictOn("PIPE/3 " + kPasscode + "\n", 100) == Verdict::Refused);
    BOOST_TEST(verdictOn("pipe/2 " + kPasscode + "\n", 1) == Verdict::Refused);
}

BOOST_AUTO_TEST_CASE(an_agent_that_opens_streams_says_so) {
    const auto greeting = connector::Greeting::ofPipe2(kPasscode, /*opens*/ true);
    BOOST_TEST(greeting == "PIPE/2 " + kPasscode + " open\n");
    for (std::size_t size = 1; size <= greeting.size(); ++size)
        BOOST_TEST(verdictOn(greeting, size) == Verdict::Pipe2Opens);
    for (const auto* behind : {" open ", " Open", "  open", " opens", "open"})
        BOOST_TEST(verdictOn("PIPE/2 " + kPasscode + behind + "\n", 100) == Verdict::Refused);
    BOOST_TEST(verdictOn("PIPE/2 a open\n", 100, "a open") == Verdict::Pipe2Serves); // it is all passcode
}

BOOST_AUTO_TEST_CASE(only_the_passcode_is_one) {
    for (const auto& said : {std::string(), kPasscode + " ", " " + kPasscode, kPasscode + "\r",
                             kPasscode.substr(1), kPasscode + kPasscode})
        BOOST_TEST(verdictOn("PIPE/2 " + said + "\n", 100) == Verdict::Refused);
}

BOOST_AUTO_TEST_CASE(anything_behind_the_line_in_the_same_piece_is_refused) {
    BOOST_TEST(verdictOn(kGreeting2 + "PRI", 100) == Verdict::Refused);
}

BOOST_AUTO_TEST_CASE(a_line_that_is_too_long_is_refused_whatever_the_pieces) {
    for (const std::size_t size : {1U, 7U, 255U, 256U, 257U, 1000U}) {
        BOOST_TEST(verdictOn("PIPE/2 " + std::string(248, 'x'), size) == Verdict::Incomplete);
        BOOST_TEST(verdictOn("PIPE/2 " + std::string(250, 'x'), size) == Verdict::Refused);
    }
}

/// A passcode may be shorter than the word that PIPE/2 begins with.
BOOST_AUTO_TEST_CASE(a_short_passcode_is_accepted_in_pieces_too) {
    for (const std::string passcode : {"a", "secret", "1234567"}) {
        const auto greeting = "PIPE/2 " + passcode + "\n";
        for (std::size_t size = 1; size <= greeting.size(); ++size)
            BOOST_TEST(verdictOn(greeting, size, passcode) == Verdict::Pipe2Serves);
        BOOST_TEST(verdictOn(passcode, 1, passcode) == Verdict::Pipe1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
