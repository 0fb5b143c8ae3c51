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

/// The first connection to a peer.
struct Peer {
    bool acknowledges = false;
    Delivery delivery{acknowledges};
};

void send(Delivery& delivery) {
    delivery.begin();
    delivery.sent();
}

/// The receiver has acknowledged a message.
struct AcknowledgingPeer : Peer {
    AcknowledgingPeer() {
        send(delivery);
        delivery.heard();
        delivery.acknowledged();
    }
};

/// It hasn't.
struct SilentPeer : Peer {
    SilentPeer() {
        send(delivery);
        delivery.expired();
    }
};

/// Another connection to a peer that has acknowledged a message on an earlier one.
struct KnownPeer : Peer {
    KnownPeer() { acknowledges = true; }
};

/// Lets the time for ACK run out until there is another verdict than to repeat; returns the waits.
std::vector<int> expireAll(Delivery& delivery, Verdict last) {
    std::vector<int> waits{static_cast<int>(delivery.wait().count())};
    auto verdict = delivery.expired();
    for (; verdict == Verdict::Repeat; verdict = delivery.expired()) {
        delivery.sent();
        waits.push_back(static_cast<int>(delivery.wait().count()));
    }
    BOOST_TEST(verdict == last);
    return waits;
}

} // namespace

BOOST_AUTO_TEST_SUITE(Deliveries)

BOOST_FIXTURE_TEST_CASE(acknowledgement_delivers, Peer) {
    send(delivery);
    BOOST_TEST(delivery.acknowledged());
}

BOOST_FIXTURE_TEST_CASE(a_receiver_that_never_acknowledged_is_sent_nothing_again, Peer) {
    send(delivery);
    BOOST_TEST(delivery.waits());
    BOOST_TEST(delivery.expired() == Verdict::Assumed);
    send(delivery);
    BOOST_TEST(!delivery.waits());
}

BOOST_FIXTURE_TEST_CASE(a_receiver_that_acknowledges_is_sent_it_again_with_doubled_waits, AcknowledgingPeer) {
    send(delivery);
    const auto waits = expireAll(delivery, Verdict::Failed);
    BOOST_TEST(waits == (std::vector<int>{1000, 2000, 4000, 8000, 16000}), boost::test_tools::per_element());
    BOOST_TEST(acknowledges);
}

/// As long as nothing has come from it, it may not be there yet.
BOOST_FIXTURE_TEST_CASE(a_peer_that_acknowledged_on_an_earlier_connection_is_waited_for, KnownPeer) {
    send(delivery);
    expireAll(delivery, Verdict::Wait);
    BOOST_TEST(delivery.expired() == Verdict::Wait);
    for (int i = 1; i < Delivery::kTries; ++i)
        BOOST_TEST(!delivery.acknowledged());
    BOOST_TEST(delivery.acknowledged());
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_is_there_and_acknowledges_no_more_is_unknown_again, KnownPeer) {
    send(delivery);
    delivery.heard();
    expireAll(delivery, Verdict::Failed);
    BOOST_TEST(!acknowledges);
}

BOOST_FIXTURE_TEST_CASE(what_one_connection_shows_holds_for_all, Peer) {
    Delivery other(acknowledges);
    send(other);
    send(delivery);
    delivery.acknowledged();
    BOOST_TEST(other.expired() == Verdict::Repeat);
}

/// The late ACK of a copy that was not needed is not that of the next message.
BOOST_FIXTURE_TEST_CASE(late_acknowledgements_are_awaited, AcknowledgingPeer) {
    send(delivery);
    BOOST_TEST(delivery.expired() == Verdict::Repeat);
    delivery.sent();
    BOOST_TEST(!delivery.acknowledged());
    BOOST_TEST(delivery.acknowledged());
    send(delivery);
    BOOST_TEST(delivery.acknowledged());
}

BOOST_FIXTURE_TEST_CASE(one_lost_acknowledgement_does_not_repeat_the_next_message, AcknowledgingPeer) {
    send(delivery);
    BOOST_TEST(delivery.expired() == Verdict::Repeat);
    delivery.sent();
    BOOST_TEST(!delivery.acknowledged());
    BOOST_TEST(delivery.expired() == Verdict::Delivered);
    send(delivery);
    BOOST_TEST(delivery.acknowledged());
}

/// Those that were sent when the receiver seemed not to acknowledge are acknowledged before it.
BOOST_FIXTURE_TEST_CASE(acknowledgements_of_earlier_messages_are_not_those_of_the_latest, SilentPeer) {
    send(delivery);
    BOOST_TEST(!delivery.acknowledged());
    send(delivery);
    BOOST_TEST(!delivery.acknowledged());
    BOOST_TEST(delivery.expired() == Verdict::Repeat);
    BOOST_TEST(delivery.acknowledged());
}

BOOST_FIXTURE_TEST_CASE(acknowledgements_of_nothing_mean_nothing, AcknowledgingPeer) {
    BOOST_TEST(!delivery.acknowledged());
    send(delivery);
    BOOST_TEST(delivery.acknowledged());
}

BOOST_AUTO_TEST_CASE(a_silent_receiver_is_not_acknowledged) {
    BOOST_TEST(Peer().delivery.acknowledges());
    BOOST_TEST(AcknowledgingPeer().delivery.acknowledges());
    BOOST_TEST(!SilentPeer().delivery.acknowledges());
}

BOOST_AUTO_TEST_CASE(a_silent_receiver_may_show_that_it_was_only_late) {
    SilentPeer late;
    late.delivery.acknowledged();
    BOOST_TEST(late.delivery.waits());
    SilentPeer waiting;
    waiting.delivery.repeatedToUs();
    BOOST_TEST(waiting.delivery.acknowledges());
}

BOOST_AUTO_TEST_CASE(who_was_acknowledged_and_is_unknown_is_probed) {
    Peer peer;
    BOOST_TEST(!peer.delivery.mustProbe());
    peer.delivery.hasAcknowledged();
    BOOST_TEST(peer.delivery.mustProbe());
    send(peer.delivery);
    peer.delivery.acknowledged();
    BOOST_TEST(!peer.delivery.mustProbe());
    SilentPeer quiet;
    quiet.delivery.hasAcknowledged();
    BOOST_TEST(!quiet.delivery.mustProbe());
    KnownPeer known;
    known.delivery.hasAcknowledged();
    BOOST_TEST(!known.delivery.mustProbe());
}

BOOST_AUTO_TEST_SUITE_END()
