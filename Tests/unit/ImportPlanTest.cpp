#include "cli/import/ImportPlan.h"

#include <boost/test/unit_test.hpp>

using connector::EarlierMappings;
using connector::ImportPlan;
using connector::Mapping;
using Ports = std::vector<std::uint16_t>;

namespace {

constexpr std::uint16_t kApiPort = 443;

Mapping mapping(const std::string& id, std::uint16_t port1, std::uint16_t port2,
                const std::string& passcode = "one") {
    Mapping result;
    result.id = id;
    result.endpoint1.port = port1;
    result.endpoint1.passcode = passcode;
    result.endpoint2.port = port2;
    return result;
}

ImportPlan plan(const std::vector<Mapping>& wanted, const std::vector<Mapping>& existing) {
    return ImportPlan::make({wanted, {}}, existing, kApiPort);
}

} // namespace

BOOST_AUTO_TEST_SUITE(ImportPlanning)

BOOST_AUTO_TEST_CASE(what_is_new_is_added) {
    const auto result = plan({mapping("a", 1, 2), mapping("b", 3, 4)}, {mapping("c", 5, 6)});
    BOOST_TEST(result.added.size() == 2U);
    BOOST_TEST(result.skipped.empty());
    BOOST_TEST(result.conflicts.empty());
}

BOOST_AUTO_TEST_CASE(what_is_there_is_skipped) {
    const auto result = plan({mapping("a", 1, 2)}, {mapping("a", 1, 2)});
    BOOST_TEST(result.added.empty());
    BOOST_TEST(result.skipped.size() == 1U);
    BOOST_TEST(result.conflicts.empty());
}

BOOST_AUTO_TEST_CASE(another_mapping_with_the_id_is_a_conflict) {
    BOOST_TEST(plan({mapping("a", 1, 2)}, {mapping("a", 1, 2, "two")}).conflicts.size() == 1U);
    BOOST_TEST(plan({mapping("a", 1, 2)}, {mapping("a", 3, 4)}).conflicts.size() == 1U);
    BOOST_TEST(plan({mapping("a", 1, 2), mapping("a", 3, 4)}, {}).conflicts.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_port_that_another_mapping_has_is_a_conflict) {
    BOOST_TEST(plan({mapping("a", 1, 2)}, {mapping("b", 2, 3)}).conflicts.size() == 1U);
    BOOST_TEST(plan({mapping("a", 1, 2)}, {mapping("b", 2, 1)}).conflicts.size() == 2U);
    BOOST_TEST(plan({mapping("a", 1, 2), mapping("b", 3, 1)}, {}).conflicts.size() == 1U);
}

BOOST_AUTO_TEST_CASE(mappings_without_ports_are_in_nobodys_way) {
    auto portless = mapping("b", 0, 0);
    portless.hasPorts = false;
    const auto result = plan({mapping("a", 1, 2)}, {portless});
    BOOST_TEST(result.added.size() == 1U);
    BOOST_TEST(result.conflicts.empty());
    BOOST_TEST(connector::portsOutside({1, 2}, {portless}).empty());
}

BOOST_AUTO_TEST_CASE(the_port_of_the_api_is_a_conflict) {
    BOOST_TEST(plan({mapping("a", 1, kApiPort)}, {}).conflicts.size() == 1U);
}

BOOST_AUTO_TEST_CASE(ports_outside_the_configured_ones_are_listed_in_order) {
    BOOST_TEST(connector::portsOutside({2, 3}, {mapping("a", 9, 2), mapping("b", 3, 1)}) == (Ports{1, 9}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
