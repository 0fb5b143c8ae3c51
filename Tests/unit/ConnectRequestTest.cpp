#include "http2/ConnectRequest.h"

#include <boost/test/unit_test.hpp>

#include <string>

using connector::ConnectRequestReader;

namespace {

ConnectRequestReader readerOf(const std::string& method, const std::string& forwarded) {
    ConnectRequestReader reader;
    reader.add(":method", method);
    reader.add(":authority", "somewhere:80");
    reader.add("forwarded", forwarded);
    reader.add("user-agent", "whatever");
    return reader;
}

std::string errorOf(const std::string& forwarded) {
    return readerOf("CONNECT", forwarded).error();
}

} // namespace

BOOST_AUTO_TEST_SUITE(ConnectRequestHeader)

BOOST_AUTO_TEST_CASE(visitor_is_taken_from_forwarded) {
    for (const auto& [forwarded, visitor] :
         {std::pair("for=\"192.0.2.7:51234\"", "192.0.2.7:51234"),
          std::pair("For=\"[2001:db8::7]:1\"", "[2001:db8::7]:1"),
          std::pair("by=_x;for=\"192.0.2.7:51234\";proto=tcp", "192.0.2.7:51234"),
          std::pair("for=\"192.0.2.7:51234\", for=\"198.51.100.1:2\"", "192.0.2.7:51234")}) {
        const auto reader = readerOf("CONNECT", forwarded);
        BOOST_TEST(reader.error() == "", forwarded);
        BOOST_TEST(reader.request().visitor == visitor);
        BOOST_TEST(reader.request().authority == "somewhere:80");
    }
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
    for (const std::string visitor : {"192.0.2.7:51234", "[2001:db8::7]:443"})
        BOOST_TEST(readerOf("CONNECT", connector::forwardedFor(visitor)).request().visitor == visitor);
    BOOST_TEST(connector::forwardedFor("[fe80::1%eth0]:80") == "for=\"[fe80::1]:80\"");
}

BOOST_AUTO_TEST_CASE(other_methods_are_refused) {
    BOOST_TEST(readerOf("GET", "for=\"192.0.2.7:1\"").error() == "the method must be CONNECT");
}

BOOST_AUTO_TEST_CASE(error_says_what_forwarded_must_be_like) {
    BOOST_TEST(errorOf("") == "the header forwarded is missing; it must be like for=\"192.0.2.7:51234\"");
    for (const auto* forwarded :
         {"for=192.0.2.7", "for=\"192.0.2.7\"", "for=\"192.0.2.7:65536\"", "for=\"192.0.2.777:1\"",
          "for=\"example.org:80\"", "for=\"[::zz]:80\"", "for=\"2001:db8::7:80\"", "by=\"192.0.2.7:1\"",
          "for=\"192.0.2:1\"", "for=\"[192.0.2.7]:1\"", "for=_hidden", "for=unknown", "for=\"[192.0.2.7:1\"",
          "for=\"192.0.2.7:\"", "x"})
        BOOST_TEST(errorOf(forwarded).find("must be like") != std::string::npos, forwarded);
}

BOOST_AUTO_TEST_CASE(fields_have_a_bound) {
    ConnectRequestReader reader;
    std::size_t fields = 0;
    while (fields < 1000 && reader.add("x", "y"))
        ++fields;
    BOOST_TEST(fields == ConnectRequestReader::kMaxHeaderList / (32 + 2));
}

BOOST_AUTO_TEST_SUITE_END()
