#include "base/Reloadable.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <string>
#include <thread>

using connector::Reloadable;

namespace {

/// Of which one can see whether it is whole.
using Value = std::array<std::string, 2>;

Value valueOf(int number) {
    const auto text = std::string(100, static_cast<char>('a' + number));
    return {text, text};
}

} // namespace

BOOST_AUTO_TEST_SUITE(ReloadableValues)

BOOST_AUTO_TEST_CASE(references_show_the_value_as_it_was) {
    Reloadable<std::string> value("first");
    const auto& first = *value;
    value.replace("second");
    BOOST_TEST(first == "first");
    BOOST_TEST(*value == "second");
    BOOST_TEST(value->size() == 6U);
}

BOOST_AUTO_TEST_CASE(equal_values_are_kept_once) {
    Reloadable<std::string> value("first");
    const auto& first = *value;
    value.replace("second");
    value.replace("first");
    BOOST_TEST(&*value == &first);
}

/// For ThreadSanitizer, too.
BOOST_AUTO_TEST_CASE(readers_see_whole_values_while_it_is_replaced) {
    Reloadable<Value> value(valueOf(0));
    std::atomic<bool> isOver = false;
    std::atomic<int> torn = 0;
    std::array<std::thread, 2> readers;
    for (auto& reader : readers)
        reader = std::thread([&] {
            while (!isOver)
                if (const auto& read = *value; read[0] != read[1]) ++torn;
        });
    for (int number = 0; number < 1000; ++number)
        value.replace(valueOf(number % 20));
    isOver = true;
    for (auto& reader : readers)
        reader.join();
    BOOST_TEST(torn == 0);
}

BOOST_AUTO_TEST_SUITE_END()
