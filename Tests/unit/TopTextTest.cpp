#include "base/Printable.h"
#include "cli/top/TerminalText.h"

#include <boost/test/unit_test.hpp>

#include <clocale>

using namespace connector;

namespace {

/// Characters beyond ASCII are shown, as where people have such a locale.
struct Unicode {
    Unicode() { BOOST_TEST_REQUIRE(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr); }
    ~Unicode() { std::setlocale(LC_CTYPE, "C"); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(TopText)

BOOST_AUTO_TEST_CASE(what_controls_a_terminal_is_not_printable) {
    BOOST_TEST(printableText("k\u00e4se \u4e2d\u6587") == "k\u00e4se \u4e2d\u6587");
    BOOST_TEST(printableText("a\x1b[31mb\x07\n\x7f") == "a?[31mb???");
    BOOST_TEST(printableText("\u202eabc\u200b\u2028\u009b") == "?abc???");
    BOOST_TEST(printableText("\xff\xfe") == "??");
}

BOOST_FIXTURE_TEST_CASE(text_fills_its_cells, Unicode) {
    BOOST_TEST(leftIn(6, "abc") == "abc   ");
    BOOST_TEST(rightIn(6, "abc") == "   abc");
    BOOST_TEST(leftIn(3, "abc") == "abc");
    BOOST_TEST(leftIn(0, "abc") == "");
}

BOOST_FIXTURE_TEST_CASE(what_does_not_fit_is_cut_with_an_ellipsis, Unicode) {
    BOOST_TEST(leftIn(4, "abcdef") == "abc\u2026");
    BOOST_TEST(rightIn(1, "abcdef") == "\u2026");
    BOOST_TEST(beginningOf("abcdef", 4) == "abcd");
}

BOOST_FIXTURE_TEST_CASE(wide_characters_take_two_cells_and_are_never_halved, Unicode) {
    BOOST_TEST(cellsOf("\u4e2d\u6587") == 4U);
    BOOST_TEST(leftIn(4, "\u4e2d\u6587\u5b57") == "\u4e2d\u2026 ");
    BOOST_TEST(cellsOf("e\u0301") == 1U); // an accent of its own takes none
    BOOST_TEST(beginningOf("\u4e2d\u6587", 3) == "\u4e2d");
}

BOOST_AUTO_TEST_CASE(locale_without_a_character_has_a_question_mark) {
    BOOST_TEST(leftIn(6, "k\u00e4se") == "k?se  ");
    BOOST_TEST(leftIn(3, "abcdef") == "ab~");
}

BOOST_AUTO_TEST_CASE(items_are_packed_into_lines) {
    const std::vector<std::string> lines{"one   two", "three", "a longer one", "x"};
    BOOST_TEST(packed({"one", "two", "three", "a longer one", "x"}, 10) == lines,
               boost::test_tools::per_element());
    BOOST_TEST(packed({}, 10).empty());
}

BOOST_AUTO_TEST_SUITE_END()
