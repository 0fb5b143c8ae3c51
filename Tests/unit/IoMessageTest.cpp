#include "agent/iofog/IoMessage.h"

#include "agent/iofog/RepetitionFilter.h"

#include <boost/test/unit_test.hpp>

#include <string>

using connector::IoMessage;

namespace {

using namespace std::string_literals;

/// Version 4, id "one", tag "t", timestamp 258, publisher "pub", context "c", content "content".
const std::string kMessage = "\x00\x04"
                             "\x03"
                             "\x00\x01"
                             "\x00\x00\x00\x00"
                             "\x02"
                             "\x03"
                             "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                             "\x00\x00\x00\x01"
                             "\x00\x00\x00\x07"
                             "onet\x01\x02pubccontent"s;

} // namespace

BOOST_AUTO_TEST_SUITE(IoMessages)

BOOST_AUTO_TEST_CASE(knows_its_id) {
    BOOST_REQUIRE(IoMessage::parse(kMessage));
    BOOST_TEST(IoMessage::parse(kMessage)->id() == "one");
    BOOST_TEST(connector::nameOf(kMessage) == "ioMessage one");
}

/// The bus that it is published on gives id and timestamp.
BOOST_AUTO_TEST_CASE(is_published_by_another_without_id_and_timestamp) {
    const auto published = IoMessage::parse(kMessage)->publishedBy("somebody");
    const std::string expected = "\x00\x04"
                                 "\x00"
                                 "\x00\x01"
                                 "\x00\x00\x00\x00"
                                 "\x01"
                                 "\x08"
                                 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                                 "\x00\x00\x00\x01"
                                 "\x00\x00\x00\x07"
                                 "t\x00somebodyccontent"s;
    BOOST_TEST((published == expected));
}

BOOST_AUTO_TEST_CASE(takes_nothing_that_is_cut_or_of_another_version) {
    for (std::size_t size = 0; size < kMessage.size(); ++size)
        BOOST_TEST(!IoMessage::parse(std::string_view(kMessage).substr(0, size)), "cut to " << size);
    auto other = kMessage;
    other[1] = 5;
    BOOST_TEST(!IoMessage::parse(other));
}

BOOST_AUTO_TEST_CASE(header_tells_the_size) {
    const auto frame = connector::framed(std::string(0x010203, 'x'));
    BOOST_TEST((frame.substr(0, 5) == "\x0D\x00\x01\x02\x03"s));
    BOOST_TEST(connector::sizeInHeader(frame) == 0x010203U);
    BOOST_TEST(frame.size() == 5U + 0x010203U);
}

/// Ids come from other machines, and go into the log.
BOOST_AUTO_TEST_CASE(names_have_no_control_characters) {
    auto message = kMessage;
    message[33] = '\n';
    BOOST_TEST(connector::nameOf(message) == "ioMessage ?ne");
    BOOST_TEST(connector::nameOf("something else") == "ioMessage without an id");
}

BOOST_AUTO_TEST_CASE(repetition_is_the_same_message_at_once) {
    connector::RepetitionFilter filter;
    auto other = kMessage;
    other.back() = 'x';
    BOOST_TEST(!filter.isRepeated(kMessage));
    BOOST_TEST(filter.isRepeated(kMessage));
    BOOST_TEST(!filter.isRepeated(other));
    BOOST_TEST(!filter.isRepeated(kMessage));
}

BOOST_AUTO_TEST_CASE(messages_without_an_id_are_no_repetitions) {
    connector::RepetitionFilter filter;
    const auto nameless = IoMessage::parse(kMessage)->publishedBy("somebody");
    BOOST_TEST(!filter.isRepeated(nameless));
    BOOST_TEST(!filter.isRepeated(nameless));
}

BOOST_AUTO_TEST_SUITE_END()
