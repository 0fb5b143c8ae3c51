#include "cli/import/ImportPlan.h"

#include <boost/test/unit_test.hpp>

using connector::Configuration;
using connector::EarlierMappings;
using connector::ImportPlan;
using connector::Mapping;
using Ports = std::vector<std::uint16_t>;

namespace {

constexpr std::uint16_t kApiPort = 443;

Configuration configuration() {
    Configuration result;
    result.api.port = kApiPort;
    return result;
}

Mapping mapping(const std::string& id, std::uint16_t port1, std::uint16_t port2,
                const std::string& passcode = "one") {
    Mapping result;
    result.id = id;
    result.endpoint1.port = port1;
    result.endpoint1.passcode = passcode;
    result.endpoint2.port = port2;
    return result;
}

ImportPlan plan(const std::vector<Mapping>& wanted, const std::vector<Mapping>& existing,
                const Configuration& having = configuration()) {
    return ImportPlan::make({wanted, {}}, existing, having);
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

BOOST_AUTO_TEST_CASE(ports_of_the_server_are_conflicts) {
    auto having = configuration();
    having.metrics.port = 9100;
    having.front.port = 8443;
    having.front.httpPort = 80;
    for (const std::uint16_t port : {kApiPort, having.metrics.port, having.front.port, having.front.httpPort})
        BOOST_TEST(plan({mapping("a", 1, port)}, {}, having).conflicts.size() == 1U, port);
    BOOST_TEST(plan({mapping("a", 1, 80)}, {}).conflicts.empty());
}

BOOST_AUTO_TEST_CASE(an_id_that_is_a_name_is_a_conflict) {
    auto named = mapping("b", 3, 4);
    named.name = "web";
    const auto conflicts = plan({mapping("web", 1, 2)}, {named}).conflicts;
    BOOST_TEST(conflicts == std::vector<std::string>{"mapping web: its id is the name of mapping b"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_reserved_id_is_a_conflict_where_visitors_may_come_by_it) {
    auto having = configuration();
    BOOST_TEST(plan({mapping("www", 1, 2)}, {}, having).conflicts.empty());
    having.front.port = 8443;
    having.front.domain = "fog.example.org";
    BOOST_TEST(plan({mapping("www", 1, 2)}, {}, having).conflicts.size() == 1U);
    auto hidden = mapping("www", 1, 2);
    hidden.type = Mapping::Type::Private;
    BOOST_TEST(plan({hidden}, {}, having).conflicts.empty());
}

BOOST_AUTO_TEST_CASE(ports_outside_the_configured_ones_are_listed_in_order) {
    BOOST_TEST(connector::portsOutside({2, 3}, {mapping("a", 9, 2), mapping("b", 3, 1)}) == (Ports{1, 9}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
