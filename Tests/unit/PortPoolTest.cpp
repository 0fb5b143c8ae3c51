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

BOOST_AUTO_TEST_CASE(new_ports_come_before_those_that_were_given_back) {
    PortPool pool({1, 2, 3});
    pool.giveBack(pool.take());
    pool.replace({1, 2, 3, 4, 5});
    BOOST_TEST(takeAll(pool) == (Ports{2, 3, 4, 5, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_taken_port_stays_taken_whatever_may_be_used) {
    PortPool pool({1, 2, 3});
    pool.remove(1);
    pool.remove(9); // of an earlier run, whose ports were others
    pool.replace({2, 3, 4});
    BOOST_TEST(!pool.knows(1));
    pool.replace({1, 2, 9});
    BOOST_TEST(!pool.isFree(1));
    BOOST_TEST(!pool.isFree(9));
    pool.giveBack(9);
    BOOST_TEST(takeAll(pool) == (Ports{2, 9}), boost::test_tools::per_element());
    pool.giveBack(1);
    BOOST_TEST(pool.isFree(1));
}

BOOST_AUTO_TEST_CASE(a_port_that_may_not_be_used_any_more_is_forgotten_when_it_is_given_back) {
    PortPool pool({1, 2, 3});
    pool.remove(1);
    pool.replace({2, 3});
    pool.giveBack(1);
    BOOST_TEST(takeAll(pool) == (Ports{2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
