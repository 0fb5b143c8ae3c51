#include "relay/Heartbeat.h"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

bool isHeartbeat(const std::string& message) {
    return connector::isHeartbeat(std::as_bytes(std::span(message)));
}

} // namespace

BOOST_AUTO_TEST_SUITE(HeartbeatMessage)

BOOST_AUTO_TEST_CASE(beat_once_or_repeated_is_a_heartbeat) {
    std::string message;
    for (int times = 1; times <= 100; ++times) {
        message += "BEAT";
        BOOST_TEST(isHeartbeat(message));
    }
}

BOOST_AUTO_TEST_CASE(anything_else_is_payload) {
    for (const auto* message :
         {"", "B", "BEA", "BEATB", "BEATBEA", "beat", "BEAT\n", "xBEAT", "BEATxBEA", "BEATBEAR", "EATBEATB"})
        BOOST_TEST(!isHeartbeat(message), "\"" << message << "\" was taken for a heartbeat");
    BOOST_TEST(!isHeartbeat(std::string("BEAT\0\0\0\0", 8)));
}

BOOST_AUTO_TEST_SUITE_END()
