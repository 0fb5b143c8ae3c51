#include "agent/expose/ExposeWatcher.h"

#include "protocol/Refusal.h"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

namespace {

const std::string kWrong = "Connector refuses the agent: " + std::string(connector::Refusal::kWrongPasscode);

/// In a process that stands its signal.
struct Fixture {
    Fixture() { std::signal(connector::ExposeWatcher::kSignal, SIG_IGN); }
    ~Fixture() { std::signal(connector::ExposeWatcher::kSignal, SIG_DFL); }

    connector::ExposeWatcher watcher;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(ExposeWatcher, Fixture)

BOOST_AUTO_TEST_CASE(each_connector_may_not_know_the_passcode_at_first) {
    for (const auto* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
        watcher.onNotConnected(address, kWrong);
    BOOST_TEST(!watcher.isDisowned());
    watcher.onNotConnected("192.0.2.2", kWrong);
    BOOST_TEST(watcher.isDisowned());
}

BOOST_AUTO_TEST_CASE(it_knows_it_after_a_connection) {
    watcher.onNotConnected("192.0.2.1", kWrong);
    watcher.onConnected();
    BOOST_TEST(!watcher.isDisowned());
    watcher.onNotConnected("192.0.2.1", "the connection broke");
    BOOST_TEST(!watcher.isDisowned());
    watcher.onNotConnected("192.0.2.2", kWrong);
    BOOST_TEST(watcher.isDisowned());
}

BOOST_AUTO_TEST_CASE(what_else_is_refused_is_no_wrong_passcode) {
    for (int i = 0; i < 3; ++i)
        watcher.onNotConnected("192.0.2.1", "Connector refuses the agent: all places are taken");
    BOOST_TEST(!watcher.isDisowned());
}

BOOST_AUTO_TEST_SUITE_END()
