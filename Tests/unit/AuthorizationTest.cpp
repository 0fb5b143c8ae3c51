#include "protocol/Authorization.h"

#include <boost/test/unit_test.hpp>

using connector::Authorization;

BOOST_AUTO_TEST_SUITE(AuthorizationLine)

BOOST_AUTO_TEST_CASE(what_is_said_is_understood) {
    const Authorization said{
        .heartbeat = std::chrono::milliseconds(200000), .connections = 2, .streams = 256};
    BOOST_TEST(said.toString() == "AUTHORIZED/2 heartbeat=200000 connections=2 streams=256\n");
    const auto heard = Authorization::parse("AUTHORIZED/2 heartbeat=200000 connections=2 streams=256");
    BOOST_REQUIRE(heard);
    BOOST_TEST(heard->heartbeat.count() == 200000);
    BOOST_TEST(heard->connections == 2);
    BOOST_TEST(heard->streams == 256);
}

BOOST_AUTO_TEST_CASE(says_which_connector_it_is) {
    const Authorization said{.connections = 2, .instance = "a-b"};
    BOOST_TEST(said.toString() == "AUTHORIZED/2 heartbeat=0 connections=2 streams=0 instance=a-b\n");
    const auto heard = Authorization::parse("AUTHORIZED/2 instance=a-b connections=2");
    BOOST_REQUIRE(heard);
    BOOST_TEST(heard->instance == "a-b");
    BOOST_TEST(heard->connections == 2);
}

BOOST_AUTO_TEST_CASE(what_is_not_said_is_0_and_what_is_not_known_is_left_out) {
    const auto heard = Authorization::parse("AUTHORIZED/2 colour=blue heartbeat=7 x=-1");
    BOOST_REQUIRE(heard);
    BOOST_TEST(heard->heartbeat.count() == 7);
    BOOST_TEST(heard->connections == 0);
    BOOST_TEST(Authorization::parse("AUTHORIZED/2").has_value());
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_authorization) {
    for (const auto* line : {"", "AUTHORIZED", "AUTHORIZED/3 heartbeat=1", "AUTHORIZED/2heartbeat=1",
                             "AUTHORIZED/2 heartbeat", "AUTHORIZED/2 heartbeat=", "AUTHORIZED/2 heartbeat=-1",
                             "AUTHORIZED/2 heartbeat=1x", "AUTHORIZED/2 heartbeat=99999999999",
                             "AUTHORIZED/2  heartbeat=1", "AUTHORIZED/2 heartbeat=1 ", "authorized/2"})
        BOOST_TEST(!Authorization::parse(line).has_value(), "\"" << line << "\" was taken for one");
}

BOOST_AUTO_TEST_SUITE_END()
