#include "metrics/BoundedFigures.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using connector::BoundedFigures;
using connector::Mapping;
using connector::MappingFigures;
using connector::MappingReport;

namespace {

using Mappings = std::vector<MappingFigures>;

MappingReport report(const std::string& id, int created, std::uint64_t visitors = 0, int relays = 0) {
    MappingReport report;
    report.mapping.id = id;
    report.mapping.created = created;
    report.mapping.lastUse.agent = created;
    report.status.visitorsAdmitted = visitors;
    report.status.relays = relays;
    return report;
}

/// Of these mappings.
Mappings figuresOf(BoundedFigures& figures, const std::vector<MappingReport>& reports, std::size_t most) {
    return figures.of(
        [&](const connector::OpenMappings::Look& look) {
            for (const auto& [mapping, status] : reports)
                look(mapping, status, mapping.lastUse);
        },
        most);
}

std::vector<std::string> idsOf(const Mappings& mappings) {
    std::vector<std::string> ids;
    for (const auto& figures : mappings)
        ids.push_back(figures.id);
    std::sort(ids.begin(), ids.end());
    return ids;
}

const MappingFigures& other(const Mappings& mappings) {
    BOOST_REQUIRE(mappings.back().id == BoundedFigures::kOther);
    return mappings.back();
}

} // namespace

BOOST_AUTO_TEST_SUITE(FiguresOfMappings)

BOOST_AUTO_TEST_CASE(within_the_bound_there_are_no_others) {
    BoundedFigures mappings;
    BOOST_TEST(figuresOf(mappings, {}, 2).empty());
    const std::vector<std::string> both{"a", "b"};
    BOOST_TEST(idsOf(figuresOf(mappings, {report("a", 1), report("b", 2)}, 2)) == both);
}

BOOST_AUTO_TEST_CASE(the_oldest_are_told_of_one_by_one) {
    BoundedFigures mappings;
    const auto told =
        figuresOf(mappings, {report("a", 3, 1, 10), report("b", 1, 2, 20), report("c", 2, 4, 40)}, 1);
    const std::vector<std::string> expected{"b", "other"};
    BOOST_TEST(idsOf(told) == expected);
    BOOST_TEST(other(told).status.visitorsAdmitted == 5U);
    BOOST_TEST(other(told).status.relays == 50);
    BOOST_TEST(other(told).lastAgent == 3);
    BOOST_TEST(other(figuresOf(mappings, {report("a", 1, 7)}, 0)).status.visitorsAdmitted >= 7U);
}

BOOST_AUTO_TEST_CASE(the_oldest_come_in_their_order_wherever_they_stand) {
    BoundedFigures mappings;
    std::vector<MappingReport> reports;
    for (const int created : {5, 2, 9, 1, 7, 3, 8, 4, 6})
        reports.push_back(report(std::to_string(created), created, 1));
    const auto told = figuresOf(mappings, reports, 3);
    BOOST_TEST_REQUIRE(told.size() == 4U);
    for (std::size_t i = 0; i < 3; ++i)
        BOOST_TEST(told[i].id == std::to_string(i + 1));
    BOOST_TEST(other(told).status.visitorsAdmitted == 6U);
}

BOOST_AUTO_TEST_CASE(counts_of_others_stay_when_they_are_gone) {
    BoundedFigures mappings;
    figuresOf(mappings, {report("a", 1, 1), report("b", 2, 10, 5), report("c", 3, 100, 5)}, 1);
    const auto removed = figuresOf(mappings, {report("a", 1, 1), report("c", 3, 101, 6)}, 1);
    BOOST_TEST(other(removed).status.visitorsAdmitted == 111U);
    BOOST_TEST(other(removed).status.relays == 6);

    // "c" takes the place of "a".
    const auto promoted = figuresOf(mappings, {report("c", 3, 102, 6)}, 1);
    BOOST_TEST(promoted.front().status.visitorsAdmitted == 102U);
    BOOST_TEST(other(promoted).status.visitorsAdmitted == 111U);
    BOOST_TEST(other(promoted).status.relays == 0);
}

BOOST_AUTO_TEST_SUITE_END()
