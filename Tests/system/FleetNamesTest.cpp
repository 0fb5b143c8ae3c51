#include "Fleet.h"

#include <boost/test/unit_test.hpp>

#include <future>
#include <string>
#include <vector>

namespace connector::test {

namespace {

struct NamedFleet : Fleet {
    NamedFleet() : Fleet(2, {.hasFront = true}) {}
};

std::string named(const std::string& name) {
    return publicMappingWith(R"("ports":false,"name":")" + name + "\"");
}

std::string nameOf(const ApiClient& api, const std::string& id) {
    return api.show(id)->getValue<std::string>("name");
}

/// Adds web0 to web19, as far as they are to be had, on a thread.
std::future<std::vector<ApiAnswer>> addAll(const ApiClient& api) {
    return std::async(std::launch::async, [&api] {
        std::vector<ApiAnswer> answers;
        for (int i = 0; i < 20; ++i)
            answers.push_back(api.tryAdd(named("web" + std::to_string(i))));
        return answers;
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(FleetNames)

BOOST_FIXTURE_TEST_CASE(OneOfTwoThatWantANameAtOnceGetsItAndTheOtherLearnsWho, NamedFleet) {
    auto first = addAll(api(0));
    auto second = addAll(api(1));
    const auto ones = first.get();
    const auto others = second.get();
    for (std::size_t i = 0; i < ones.size(); ++i) {
        const auto& given = ones[i].status == 200 ? ones[i] : others[i];
        const auto& refused = ones[i].status == 200 ? others[i] : ones[i];
        BOOST_TEST_REQUIRE(given.status == 200, given);
        BOOST_TEST(isRefused(refused, 409, "taken by mapping " + given.field("id")), refused);
    }
}

BOOST_FIXTURE_TEST_CASE(NameThatIsFreeOnOneIsFreeOnAllFromTheAnswerOn, NamedFleet) {
    auto owner = api(0).add(named("web"));
    for (std::size_t round = 0; round < 10; ++round) {
        const auto& here = api(round % 2);
        const auto& there = api((round + 1) % 2);
        BOOST_TEST(isRefused(there.tryAdd(named("web")), 409, owner.id));
        if (round % 3 == 0)
            here.remove(owner.id);
        else
            BOOST_TEST(here.tryChange(owner.id, R"({"name":null})").status == 200);
        const auto added = there.tryAdd(named("web"));
        BOOST_TEST_REQUIRE(added.status == 200, added);
        owner = parseAdded(added);
    }
}

BOOST_FIXTURE_TEST_CASE(NamesAndMappingsWithoutPortsAreKnownOnAll, NamedFleet) {
    const auto one = api(0).add(named("one"));
    const auto two = api(0).add(named("two"));
    BOOST_TEST(nameOf(api(1), one.id) == "one");
    BOOST_TEST(!api(1).show(one.id)->getValue<bool>("ports"));
    BOOST_TEST(api(1).show(one.id)->getValue<int>("port2") == one.port2);
    // They change places, which takes three steps, and is heard of in any order.
    BOOST_TEST(api(0).tryChange(one.id, R"({"name":"three"})").status == 200);
    BOOST_TEST(api(0).tryChange(two.id, R"({"name":"one"})").status == 200);
    BOOST_TEST(api(0).tryChange(one.id, R"({"name":"two"})").status == 200);
    waitUntil("the names are heard of",
              [&] { return nameOf(api(1), one.id) == "two" && nameOf(api(1), two.id) == "one"; });
    kill(1);
    start(1);
    BOOST_TEST(nameOf(api(1), one.id) == "two");
    const Outage outage;
    kill(1);
    start(1);
    BOOST_TEST(nameOf(api(1), one.id) == "two", "as it is in the cache");
    BOOST_TEST(nameOf(api(1), two.id) == "one");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
