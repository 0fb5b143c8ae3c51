#include "base/JsonFields.h"

#include <boost/test/unit_test.hpp>

#include <limits>

using connector::FieldError;
using connector::JsonFields;
using connector::parseJsonObject;

namespace {

constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

JsonFields fieldsOf(const std::string& text) {
    return JsonFields(parseJsonObject(text));
}

std::int64_t numberIn(const std::string& text) {
    return fieldsOf("{\"a\":" + text + "}").integer("a", kMin, kMax);
}

/// A check for BOOST_CHECK_EXCEPTION: the message holds this.
auto says(const std::string& part) {
    return
        [part](const FieldError& error) { return std::string(error.what()).find(part) != std::string::npos; };
}

std::string repeated(const std::string& text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i)
        result += text;
    return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(JsonFieldsOfAnObject)

BOOST_AUTO_TEST_CASE(what_is_not_one_object_is_refused) {
    for (const auto* text : {"",
                             " \n",
                             "null",
                             "true",
                             "5",
                             "\"a\"",
                             "[]",
                             "[{}]",
                             "{",
                             "}",
                             "{\"a\"",
                             "{\"a\":",
                             "{\"a\":1",
                             "{\"a\":1,}",
                             "{\"a\":1}}",
                             "{\"a\":1} x",
                             "{\"a\":1}{}",
                             "{a:1}",
                             "{'a':1}",
                             "{\"a\":1 \"b\":2}",
                             "{\"a\":1,,\"b\":2}",
                             "{\"a\":NaN}",
                             "{\"a\":+1}",
                             "{\"a\":01}",
                             "{\"a\":0x1}",
                             "{\"a\":-}",
                             "{\"a\":.5}",
                             "-",
                             "\xEF\xBB\xBF{}"})
        BOOST_CHECK_THROW(parseJsonObject(text), FieldError);
}

BOOST_AUTO_TEST_CASE(place_of_a_mistake_in_a_file_is_told) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"{\"a\":fals,\"b\":1}", "line 1, column 10: not valid JSON: expected 'e'"},
        {"{\n  \"a\": 1\n  \"b\": \"x\"\n}", "line 3, column 3: not valid JSON: expected ',' or '}'"},
        {"{\"a\":1,\n// no\n\"b\":2}", "line 2, column 1: "},
        {"{\"a\":1,\n\n}", "line 3, column 1: "},
        {"{\r\n\"\u20AC\" 1}", "line 2, column 5: "},
        {"{\"a\":[1\n,2,3,\"x\"\ny]}", "line 3, column 1: "},
        {"{\"a\":1\n}\n}", "line 3, column 1: "},
        {"{\"a\":1,\n\"b\":[2,\"a\",{\"c\":\"d\"", "at the end: "},
        {"{\"a\":\"x\n\"}", "line 1, column 8: "},
        {"{\"a\":1,\n \"a\":2}", "line 2, column 4: a: the key is given twice"}};
    for (const auto& [text, place] : cases)
        BOOST_CHECK_EXCEPTION(connector::parseJsonFile(text), FieldError, says(place));
}

BOOST_AUTO_TEST_CASE(space_around_the_object_is_allowed) {
    BOOST_TEST(fieldsOf(" \r\n\t{ \"a\" : 5 } \n").integer("a", 0, 9) == 5);
}

BOOST_AUTO_TEST_CASE(comments_are_refused) {
    for (const auto* text : {"/**/{}", "{/**/}", "{}//", "{}/**/", "{\"a\":/*x*/1}"})
        BOOST_CHECK_THROW(parseJsonObject(text), FieldError);
}

BOOST_AUTO_TEST_CASE(duplicate_keys_are_refused_at_every_depth_and_named) {
    BOOST_CHECK_EXCEPTION(parseJsonObject(R"({"a":1,"a":1})"), FieldError, says("a: the key is given twice"));
    BOOST_CHECK_EXCEPTION(parseJsonObject(R"({"x":[{"b":{"c":1,"c":2}}]})"), FieldError, says("c: the key"));
    BOOST_CHECK_EXCEPTION(parseJsonObject(R"({"a":1,"\u0061":1})"), FieldError, says("a: the key"));
    BOOST_CHECK_NO_THROW(parseJsonObject(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})"));
}

BOOST_AUTO_TEST_CASE(nul_characters_are_refused) {
    BOOST_CHECK_THROW(parseJsonObject(std::string("{\"a\":\"\0\"}", 9)), FieldError);
    BOOST_CHECK_THROW(parseJsonObject(std::string("{}\0", 3)), FieldError);
    BOOST_CHECK_THROW(parseJsonObject(R"({"a":"x\u0000y"})"), FieldError);
    BOOST_CHECK_THROW(parseJsonObject(R"({"\u0000":1})"), FieldError);
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_is_refused) {
    for (const auto* bytes : {"\xFF", "\x80", "\xC3", "\xC3(", "\xC0\x80", "\xE2\x82", "\xED\xA0\x80",
                              "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80"})
        BOOST_CHECK_THROW(parseJsonObject("{\"a\":\"" + std::string(bytes) + "\"}"), FieldError);
    BOOST_TEST(fieldsOf("{\"a\":\"\u00E9\u20AC\U0001F600\"}").text("a") == "\u00E9\u20AC\U0001F600");
}

BOOST_AUTO_TEST_CASE(half_of_a_surrogate_pair_is_refused) {
    for (const auto* text :
         {R"({"a":"\ud800"})", R"({"a":"\udc00"})", R"({"a":"\ud800\u0041"})", R"({"a":"\ud800x"})"})
        BOOST_CHECK_THROW(parseJsonObject(text), FieldError);
    BOOST_TEST(fieldsOf(R"({"a":"\ud83d\ude00"})").text("a") == "\U0001F600");
}

BOOST_AUTO_TEST_CASE(wrong_escapes_and_bare_control_characters_are_refused) {
    for (const auto* text :
         {R"({"a":"\x"})", R"({"a":"\u12g4"})", R"({"a":"\u12"})", "{\"a\":\"\n\"}", "{\"a\":\"\x01\"}"})
        BOOST_CHECK_THROW(parseJsonObject(text), FieldError);
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused) {
    for (const int depth : {17, 1000, 50000}) {
        BOOST_CHECK_THROW(parseJsonObject("{\"a\":" + repeated("[", depth) + repeated("]", depth) + "}"),
                          FieldError);
        BOOST_CHECK_THROW(parseJsonObject(repeated("{\"a\":", depth) + "1" + repeated("}", depth)),
                          FieldError);
        BOOST_CHECK_THROW(parseJsonObject("{\"a\":" + repeated("[", depth)), FieldError);
    }
    BOOST_CHECK_NO_THROW(parseJsonObject("{\"a\":" + repeated("[", 15) + repeated("]", 15) + "}"));
    BOOST_CHECK_NO_THROW(parseJsonObject(repeated("{\"a\":", 16) + "1" + repeated("}", 16)));
}

BOOST_AUTO_TEST_CASE(whole_numbers_of_64_bits_are_read) {
    BOOST_TEST(numberIn("0") == 0);
    BOOST_TEST(numberIn("-0") == 0);
    BOOST_TEST(numberIn("-5") == -5);
    BOOST_TEST(numberIn("9223372036854775807") == kMax);
    BOOST_TEST(numberIn("-9223372036854775808") == kMin);
}

BOOST_AUTO_TEST_CASE(what_is_not_a_whole_number_is_refused_with_the_keys_name) {
    for (const auto* text :
         {"1.5", "5.0", "5e2", "5E0", "1e400", "\"5\"", "\"\"", "true", "false", "null", "[5]", "[]", "{}",
          "9223372036854775808", "18446744073709551615", "18446744073709551616", "18446744073709551617",
          "-9223372036854775809", "99999999999999999999999999"})
        BOOST_CHECK_THROW(numberIn(text), FieldError);
    for (const auto* text : {"1.5", "\"5\"", "null", "[5]", "18446744073709551617"})
        BOOST_CHECK_EXCEPTION(numberIn(text), FieldError, says("a: "));
}

BOOST_AUTO_TEST_CASE(numbers_of_any_length_are_refused) {
    for (const int digits : {20, 400, 60000}) {
        BOOST_CHECK_THROW(numberIn(repeated("9", digits)), FieldError);
        BOOST_CHECK_THROW(numberIn("-" + repeated("9", digits)), FieldError);
    }
}

BOOST_AUTO_TEST_CASE(digits_within_strings_and_fractions_are_left_alone) {
    const std::string digits = repeated("9", 30);
    BOOST_TEST(fieldsOf("{\"a\":\"\\\"" + digits + "\"}").text("a") == "\"" + digits);
    BOOST_TEST(fieldsOf("{\"" + digits + "\":7}").integer(digits, 0, 9) == 7);
    BOOST_CHECK_NO_THROW(parseJsonObject("{\"a\":0." + digits + ",\"b\":1e10,\"c\":[1,2.5]}"));
}

BOOST_AUTO_TEST_CASE(a_number_outside_of_its_range_is_shown_with_the_range) {
    auto fields = fieldsOf(R"({"low":0,"high":11,"fraction":5.0})");
    BOOST_CHECK_EXCEPTION(fields.integer("low", 1, 10), FieldError,
                          says("low: 0 is not allowed; it must be a whole number from 1 to 10"));
    BOOST_CHECK_EXCEPTION(fields.integer("high", 1, 10), FieldError, says("high: 11 is not allowed"));
    BOOST_CHECK_EXCEPTION(fields.integer("fraction", 1, 10), FieldError, says("5.0"));
}

BOOST_AUTO_TEST_CASE(a_missing_key_is_named_unless_there_is_a_fallback) {
    auto fields = fieldsOf("{}");
    BOOST_CHECK_EXCEPTION(fields.integer("a", 1, 10), FieldError,
                          says("a: missing; it must be a whole number"));
    BOOST_CHECK_EXCEPTION(fields.text("a"), FieldError, says("a: missing; it must be a string"));
    BOOST_CHECK_EXCEPTION(fields.oneOf("a", {"x", "y"}), FieldError,
                          says("a: missing; it must be \"x\" or \"y\""));
    BOOST_TEST(fields.integer("a", 1, 10, 3) == 3);
    BOOST_TEST(fields.text("a", "b") == "b");
    BOOST_TEST(fields.oneOf("a", {"x", "y"}, "y") == "y");
    BOOST_TEST(fields.boolean("a", true));
    BOOST_TEST(fields.texts("a", {"b"}).size() == 1U);
    BOOST_TEST(fields.objects("a").empty());
}

BOOST_AUTO_TEST_CASE(null_is_no_value_even_where_there_is_a_fallback) {
    auto fields = fieldsOf(R"({"a":null})");
    BOOST_CHECK_EXCEPTION(fields.integer("a", 1, 10), FieldError, says("null"));
    BOOST_CHECK_THROW(fields.integer("a", 1, 10, 5), FieldError);
    BOOST_CHECK_THROW(fields.text("a"), FieldError);
    BOOST_CHECK_THROW(fields.text("a", ""), FieldError);
    BOOST_CHECK_THROW(fields.boolean("a", true), FieldError);
    BOOST_CHECK_THROW(fields.texts("a", {}), FieldError);
    BOOST_CHECK_THROW(fields.object("a"), FieldError);
    BOOST_CHECK_THROW(fields.objects("a"), FieldError);
}

BOOST_AUTO_TEST_CASE(values_of_another_type_are_refused) {
    auto fields =
        fieldsOf(R"({"number":1,"text":"x","list":["x",1],"object":{},"objects":[{},1],"true":true})");
    BOOST_CHECK_THROW(fields.text("number"), FieldError);
    BOOST_CHECK_THROW(fields.text("list"), FieldError);
    BOOST_CHECK_THROW(fields.text("object"), FieldError);
    BOOST_CHECK_THROW(fields.oneOf("number", {"1"}), FieldError);
    BOOST_CHECK_THROW(fields.boolean("number", true), FieldError);
    BOOST_CHECK_THROW(fields.boolean("text", true), FieldError);
    BOOST_CHECK_THROW(fields.integer("true", 0, 1), FieldError);
    BOOST_CHECK_THROW(fields.texts("list", {}), FieldError);
    BOOST_CHECK_THROW(fields.texts("number", {}), FieldError);
    BOOST_CHECK_THROW(fields.object("text"), FieldError);
    BOOST_CHECK_THROW(fields.objects("objects"), FieldError);
    BOOST_CHECK_THROW(fields.objects("object"), FieldError);
}

/// One of their members may be a secret.
BOOST_AUTO_TEST_CASE(values_with_members_are_not_shown) {
    auto fields = fieldsOf(R"({"object":{"a":"secret"},"objects":[{"a":"secret"}],"lists":[["secret"]]})");
    const auto isHidden = [](const FieldError& error) {
        return std::string(error.what()).find("secret") == std::string::npos;
    };
    BOOST_CHECK_EXCEPTION(fields.text("object"), FieldError, isHidden);
    BOOST_CHECK_EXCEPTION(fields.objects("object"), FieldError, isHidden);
    BOOST_CHECK_EXCEPTION(fields.text("objects"), FieldError, isHidden);
    BOOST_CHECK_EXCEPTION(fields.texts("lists", {}), FieldError, isHidden);
    BOOST_CHECK_EXCEPTION(fields.text("object"), FieldError, says("object: an object is not allowed"));
}

BOOST_AUTO_TEST_CASE(lists_may_be_given_as_one_text) {
    auto fields = fieldsOf(R"({"one":"x","list":["x","y"],"none":[]})");
    BOOST_TEST(fields.texts("one", {}) == std::vector<std::string>{"x"}, boost::test_tools::per_element());
    BOOST_TEST(fields.texts("list", {}) == (std::vector<std::string>{"x", "y"}),
               boost::test_tools::per_element());
    BOOST_TEST(fields.texts("none", {"z"}).empty());
}

BOOST_AUTO_TEST_CASE(messages_name_the_path_of_nested_keys) {
    auto fields = fieldsOf(R"({"api":{"port":0,"identities":[{},{"name":5}]}})");
    auto api = fields.object("api");
    BOOST_CHECK_EXCEPTION(api.integer("port", 1, 9), FieldError, says("api.port: 0"));
    auto identities = api.objects("identities");
    BOOST_CHECK_EXCEPTION(identities.at(1).text("name"), FieldError, says("api.identities[1].name: 5"));
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_refused_only_on_demand) {
    auto fields = fieldsOf(R"({"known":1,"other":2})");
    fields.integer("known", 0, 9);
    BOOST_CHECK_EXCEPTION(fields.refuseUnknown(), FieldError,
                          says("other: unknown key; the keys here are known"));
    fields.integer("other", 0, 9);
    BOOST_CHECK_NO_THROW(fields.refuseUnknown());
}

BOOST_AUTO_TEST_CASE(messages_do_not_grow_with_what_was_sent) {
    const auto isShort = [](const FieldError& error) { return std::string(error.what()).size() < 300; };
    const auto large = repeated("\u20AC", 20000);
    BOOST_CHECK_EXCEPTION(fieldsOf("{\"a\":\"" + large + "\"}").integer("a", 0, 9), FieldError, isShort);
    BOOST_CHECK_EXCEPTION(parseJsonObject("{\"" + large + "\":1,\"" + large + "\":1}"), FieldError, isShort);
    BOOST_CHECK_EXCEPTION(numberIn(repeated("9", 60000)), FieldError, isShort);
    BOOST_CHECK_EXCEPTION(numberIn("1e" + repeated("9", 60000)), FieldError, isShort);
}

BOOST_AUTO_TEST_SUITE_END()
