#include "agent/iofog/Delivery.h"

#include <boost/test/unit_test.hpp>

#include <ostream>
#include <vector>

namespace connector {

std::ostream& operator<<(std::ostream& out, Delivery::Verdict verdict) {
    return out << static_cast<int>(verdict);
}

} // namespace connector

using connector::Delivery;
using Verdict = connector::Delivery::Verdict;

namespace {

void send(Delivery& delivery) {
    delivery.begin();
    delivery.sent();
}

/// Of a receiver that has acknowledged a message.
Delivery acknowledged() {
    Delivery delivery;
    send(delivery);
    delivery.acknowledged();
    return delivery;
}

/// Of one that hasn't.
Delivery silent() {
    Delivery delivery;
    send(delivery);
    delivery.expired();
    return delivery;
}

} // namespace

BOOST_AUTO_TEST_SUITE(Deliveries)

BOOST_AUTO_TEST_CASE(acknowledgement_delivers) {
    Delivery delivery;
    send(delivery);
    BOOST_TEST(delivery.acknowledged());
}

BOOST_AUTO_TEST_CASE(a_receiver_that_never_acknowledged_is_sent_nothing_again) {
    Delivery delivery;
    send(delivery);
    BOOST_TEST(delivery.waits());
    BOOST_TEST(delivery.expired() == Verdict::Assumed);
    send(delivery);
    BOOST_TEST(!delivery.waits());
}

BOOST_AUTO_TEST_CASE(a_receiver_that_acknowledges_is_sent_it_again_with_doubled_waits) {
    auto delivery = acknowledged();
    send(delivery);
    std::vector<int> waits{static_cast<int>(delivery.wait().count())};
    for (auto verdict = delivery.expired(); verdict == Verdict::Repeat; verdict = delivery.expired()) {
        delivery.sent();
        waits.push_back(static_cast<int>(delivery.wait().count()));
    }
    BOOST_TEST(waits == (std::vector<int>{1000, 2000, 4000, 8000, 16000}), boost::test_tools::per_element());
    BOOST_TEST(delivery.expired() == Verdict::Failed);
}

/// The late ACK of a copy that was not needed is not that of the next message.
BOOST_AUTO_TEST_CASE(late_acknowledgements_are_not_mistaken) {
    auto delivery = acknowledged();
    send(delivery);
    BOOST_TEST(delivery.expired() == Verdict::Repeat);
    delivery.sent();
    BOOST_TEST(delivery.acknowledged());
    send(delivery);
    BOOST_TEST(!delivery.acknowledged());
    BOOST_TEST(delivery.acknowledged());
}

BOOST_AUTO_TEST_CASE(acknowledgements_of_nothing_mean_nothing) {
    auto delivery = acknowledged();
    BOOST_TEST(!delivery.acknowledged());
    send(delivery);
    BOOST_TEST(delivery.acknowledged());
}

BOOST_AUTO_TEST_CASE(a_silent_receiver_is_not_acknowledged) {
    BOOST_TEST(Delivery().acknowledges());
    BOOST_TEST(acknowledged().acknowledges());
    BOOST_TEST(!silent().acknowledges());
}

BOOST_AUTO_TEST_CASE(a_silent_receiver_may_show_that_it_was_only_late) {
    auto late = silent();
    late.acknowledged();
    BOOST_TEST(late.waits());
    auto waiting = silent();
    waiting.repeatedToUs();
    BOOST_TEST(waiting.acknowledges());
}

BOOST_AUTO_TEST_CASE(who_was_acknowledged_and_is_unknown_is_probed) {
    Delivery delivery;
    BOOST_TEST(!delivery.mustProbe());
    delivery.hasAcknowledged();
    BOOST_TEST(delivery.mustProbe());
    send(delivery);
    delivery.acknowledged();
    BOOST_TEST(!delivery.mustProbe());
    auto quiet = silent();
    quiet.hasAcknowledged();
    BOOST_TEST(!quiet.mustProbe());
}

BOOST_AUTO_TEST_SUITE_END()
