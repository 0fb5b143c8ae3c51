#include "cli/Table.h"

#include <boost/test/unit_test.hpp>

#include <sstream>

using connector::Table;

namespace {

/// A table with an id, a type and a count, printed.
std::string printed(const std::string& id, std::optional<std::size_t> width) {
    Table table({{"ID"}, {"TYPE"}, {"N", Table::Align::Right}});
    table.add({id, "public", "12"});
    std::ostringstream out;
    table.print(out, width);
    return out.str();
}

} // namespace

BOOST_AUTO_TEST_SUITE(TableLayout)

BOOST_AUTO_TEST_CASE(columns_are_two_apart_and_aligned) {
    BOOST_TEST(printed("abc", std::nullopt) == "ID   TYPE     N\nabc  public  12\n");
}

BOOST_AUTO_TEST_CASE(without_a_width_nothing_is_cut) {
    const std::string id(500, 'x');
    BOOST_TEST(printed(id, std::nullopt).find(id) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(columns_come_closer_before_anything_is_cut) {
    BOOST_TEST(printed("abcdefghijkl", 24) == "ID            TYPE     N\nabcdefghijkl  public  12\n");
    BOOST_TEST(printed("abcdefghijkl", 22) == "ID           TYPE    N\nabcdefghijkl public 12\n");
}

BOOST_AUTO_TEST_CASE(columns_that_may_be_are_cut_before_the_first) {
    const auto printed = [](std::size_t width) {
        Table table({{"ID"}, {"TYPE"}, {"LABEL", Table::Align::Left, /*mayBeCut*/ true}});
        table.add({"abcdefghijkl", "public", "the käse machine"});
        std::ostringstream out;
        table.print(out, width);
        return out.str();
    };
    BOOST_TEST(printed(32) == "ID           TYPE   LABEL\nabcdefghijkl public the käse ma\u2026\n");
    BOOST_TEST(printed(27) == "ID          TYPE   LABEL\nabcdefghij\u2026 public the käs\u2026\n");
}

BOOST_AUTO_TEST_CASE(the_first_column_is_cut_with_an_ellipsis) {
    BOOST_TEST(printed("abcdefghijkl", 20) == "ID         TYPE    N\nabcdefghi\u2026 public 12\n");
}

BOOST_AUTO_TEST_CASE(something_is_left_of_it_however_narrow_the_terminal) {
    BOOST_TEST(printed("abcdefghijkl", 1) == "ID       TYPE    N\nabcdefg\u2026 public 12\n");
    BOOST_TEST(printed("ab", 1) == "ID TYPE    N\nab public 12\n");
}

BOOST_AUTO_TEST_CASE(characters_are_counted_and_never_halved) {
    BOOST_TEST(printed("\u00e4\u00f6\u00fc", std::nullopt) ==
               "ID   TYPE     N\n\u00e4\u00f6\u00fc  public  12\n");
    BOOST_TEST(printed("\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2603", 18) ==
               "ID       TYPE    N\n\u2603\u2603\u2603\u2603\u2603\u2603\u2603\u2026 public 12\n");
}

BOOST_AUTO_TEST_SUITE_END()
