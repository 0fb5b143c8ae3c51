#include "mapping/PortPool.h"

#include <boost/test/unit_test.hpp>

using connector::PortPool;
using Ports = std::vector<std::uint16_t>;

namespace {

Ports takeAll(PortPool& pool) {
    Ports ports;
    while (pool.freeCount() > 0)
        ports.push_back(pool.take());
    return ports;
}

} // namespace

BOOST_AUTO_TEST_SUITE(PortPoolOrder)

BOOST_AUTO_TEST_CASE(ports_are_handed_out_in_the_order_given) {
    PortPool pool({7, 3, 5});
    BOOST_TEST(takeAll(pool) == (Ports{7, 3, 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_port_given_back_is_reused_last) {
    PortPool pool({1, 2, 3});
    const auto first = pool.take();
    pool.giveBack(first);
    BOOST_TEST(takeAll(pool) == (Ports{2, 3, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ports_released_before_a_restart_go_behind_all_others_in_their_order) {
    PortPool pool({1, 2, 3, 4});
    pool.moveToBack({3, 1});
    BOOST_TEST(takeAll(pool) == (Ports{2, 4, 3, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_removed_port_is_not_handed_out_until_it_is_given_back) {
    PortPool pool({1, 2, 3});
    pool.remove(2);
    BOOST_TEST(pool.freeCount() == 2U);
    pool.giveBack(2);
    BOOST_TEST(takeAll(pool) == (Ports{1, 3, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ports_that_the_configuration_does_not_name_are_forgotten) {
    PortPool pool({1, 2});
    pool.giveBack(9);
    pool.moveToBack({8, 1});
    pool.remove(7);
    BOOST_TEST(takeAll(pool) == (Ports{2, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
