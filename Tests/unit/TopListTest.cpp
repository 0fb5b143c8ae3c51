#include "base/Json.h"
#include "cli/CommandError.h"
#include "cli/top/Columns.h"
#include "cli/top/MappingList.h"

#include <Poco/JSON/Parser.h>

#include <boost/test/unit_test.hpp>

using namespace connector;
using namespace std::chrono_literals;

namespace {

MappingSample mapping(const std::string& id, std::int64_t bytes = 0) {
    MappingSample sample;
    sample.id = id;
    sample.type = "public";
    sample.state = "open";
    sample.ports = {6000, 6001};
    sample.bytesFrom = {bytes, 0};
    return sample;
}

/// Taken so long after the server's start, which is some moment.
Snapshot snapshot(std::vector<MappingSample> mappings, std::chrono::seconds uptime) {
    Snapshot result;
    result.mappings = std::move(mappings);
    result.server.uptime = uptime;
    result.when = std::chrono::steady_clock::time_point(1h) + uptime;
    return result;
}

std::string idsIn(const MappingList& list) {
    std::string ids;
    for (std::size_t place = 0; place < list.size(); ++place)
        ids += list.at(place).sample.id;
    return ids;
}

Poco::JSON::Object::Ptr parse(const std::string& text) {
    return Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
}

} // namespace

BOOST_AUTO_TEST_SUITE(TopList)

BOOST_AUTO_TEST_CASE(rates_come_from_two_snapshots) {
    MappingList list;
    list.take(snapshot({mapping("a", 1000)}, 10s));
    BOOST_TEST(!list.at(0).rates.has_value());
    BOOST_TEST(!list.totals().has_value());
    auto later = mapping("a", 5000);
    later.bytesFrom[1] = 200;
    later.refused = 6;
    list.take(snapshot({later, mapping("new", 7777)}, 12s));
    BOOST_TEST_REQUIRE(list.find("a")->rates.has_value());
    BOOST_TEST(list.find("a")->rates->bytesFrom[0] == 2000);
    BOOST_TEST(list.find("a")->rates->bytesFrom[1] == 100);
    BOOST_TEST(list.find("a")->rates->refused == 3);
    BOOST_TEST(!list.find("new")->rates.has_value());
    BOOST_TEST(list.totals()->bytes == 2100);
    BOOST_TEST(list.totals()->refused == 3);
}

BOOST_AUTO_TEST_CASE(counters_that_start_anew_give_no_rate) {
    MappingList list;
    list.take(snapshot({mapping("a", 1000), mapping("b", 0)}, 100s));
    auto restarted = snapshot({mapping("a", 2000), mapping("b", 50)}, 3s);
    restarted.when += 100s;
    list.take(restarted);
    BOOST_TEST(!list.find("a")->rates.has_value());
    list.take(snapshot({mapping("a", 10), mapping("b", 60)}, 200s));
    BOOST_TEST(!list.find("a")->rates.has_value());
    BOOST_TEST(list.find("b")->rates.has_value());
}

BOOST_AUTO_TEST_CASE(no_mappings_are_no_traffic) {
    MappingList list;
    list.take(snapshot({}, 10s));
    BOOST_TEST(list.totals()->bytes == 0);
}

BOOST_AUTO_TEST_CASE(every_column_sorts_both_ways) {
    auto large = mapping("b", 5000);
    large.label = large.name = "z";
    large.type = "x";
    large.state = "x";
    large.ports = {7000, 7001};
    large.agents = {1, 2};
    large.visitors = large.relays = large.refused = large.lastAgent = 9;
    large.bytesFrom = {5000, 5000};
    MappingList list;
    list.take(snapshot({mapping("a"), mapping("b")}, 10s));
    list.take(snapshot({mapping("a"), large}, 12s));
    for (std::size_t i = 0; i < columns().size(); ++i) {
        const auto expected = columns()[i].descends ? "ba" : "ab";
        const auto reversed = columns()[i].descends ? "ab" : "ba";
        list.sortBy(i, false);
        BOOST_TEST(idsIn(list) == expected, columns()[i].name);
        list.sortBy(i, true);
        BOOST_TEST(idsIn(list) == reversed, columns()[i].name);
    }
}

BOOST_AUTO_TEST_CASE(equals_stand_in_the_order_of_their_ids) {
    MappingList list;
    list.sortBy(columnNamed("relays"), {});
    list.take(snapshot({mapping("c"), mapping("a"), mapping("b")}, 10s));
    BOOST_TEST(idsIn(list) == "abc");
    list.sortBy(columnNamed("relays"), true);
    BOOST_TEST(idsIn(list) == "abc");
}

BOOST_AUTO_TEST_CASE(filter_looks_at_texts_and_ports) {
    auto labelled = mapping("b");
    labelled.label = "K\u00c4SE";
    labelled.ports = {6100, 6101};
    labelled.state = "degraded";
    auto divided = mapping("c");
    divided.type = "private";
    MappingList list;
    list.filter("\u00e4s");
    list.take(snapshot({mapping("a"), labelled, divided}, 10s));
    BOOST_TEST(idsIn(list) == "b");
    for (const auto& [text, ids] : std::vector<std::pair<std::string, std::string>>{
             {"", "abc"}, {"PRIV", "c"}, {"6101", "b"}, {"degr", "b"}, {"C", "abc"}, {"none", ""}}) {
        list.filter(text);
        BOOST_TEST(idsIn(list) == ids, text);
    }
    list.filter("degr");
    BOOST_TEST(!list.placeOf("a").has_value());
    BOOST_TEST(list.placeOf("b").value() == 0U);
    BOOST_TEST(list.find("a") != nullptr);
    list.take(snapshot({mapping("a")}, 12s));
    BOOST_TEST(idsIn(list) == "");
}

BOOST_AUTO_TEST_CASE(unknown_column_is_an_error_that_names_those_there_are) {
    BOOST_CHECK_EXCEPTION(columnNamed("size"), CommandError, [](const CommandError& error) {
        const std::string text = error.what();
        return text.find("size") != std::string::npos &&
               text.find("id, label, name, type") != std::string::npos;
    });
}

BOOST_AUTO_TEST_CASE(wide_screens_have_all_columns_and_the_whole_id) {
    const auto placed = placedIn(200, 0, {.labels = true, .names = true});
    BOOST_TEST(placed.size() == columns().size());
    BOOST_TEST(placed[0].width == 36U);
    BOOST_TEST(placed[1].width > 40U);                            // the label has the rest
    BOOST_TEST(placedIn(200, 0, {.names = true})[1].width > 40U); // the name has it
    BOOST_TEST(placedIn(200, 0, {}).size() == columns().size() - 2);
}

BOOST_AUTO_TEST_CASE(narrow_screens_have_a_short_id_and_the_column_sorted_by) {
    for (std::size_t sorted = 0; sorted < columns().size(); ++sorted)
        for (std::size_t cells = 20; cells <= 160; ++cells) {
            const auto placed = placedIn(cells, sorted, {.labels = true, .names = true});
            const auto isSorted = [&](const auto& one) { return one.column == &columns()[sorted]; };
            BOOST_TEST(std::any_of(placed.begin(), placed.end(), isSorted));
            const auto line = headLine(placed, sorted, false);
            BOOST_TEST(line.size() <= cells, cells << ": " << line);
        }
    BOOST_TEST(placedIn(80, 0, {.labels = true})[0].width == 8U);
    auto row = MappingRow{mapping("0123456789abcdef"), {}};
    BOOST_TEST(lineOf(row, 0, placedIn(20, 0, {})).starts_with("0123456789a "));
    BOOST_TEST(lineOf(row, 0, placedIn(80, 0, {.labels = true})).starts_with("01234567 "));
}

BOOST_AUTO_TEST_CASE(order_is_shown_in_the_head) {
    const auto placed = placedIn(200, columnNamed("relays"), {});
    BOOST_TEST(headLine(placed, columnNamed("relays"), false).find("vRELAYS") != std::string::npos);
    BOOST_TEST(headLine(placed, columnNamed("relays"), true).find("^RELAYS") != std::string::npos);
    BOOST_TEST(headLine(placed, columnNamed("id"), false).starts_with("^ID"));
}

BOOST_AUTO_TEST_CASE(mapping_is_read_from_the_api) {
    const auto open = mappingIn(*parse(
        R"({"id":"a","type":"public","label":"till","name":"web","port1":6000,"port2":6001,"agentswaiting":3,"visitorswaiting":1,)"
        R"("visitorsrefused":{"denied":2,"rate":5},"relays":4,"bytesfromport1":10,"bytesfromport2":20,)"
        R"("state":"open","lastagent":1000})"));
    BOOST_TEST((open.isPublic && open.agents == std::array<std::int64_t, 2>{3, 0}));
    BOOST_TEST(open.refused == 7);
    const MappingRow row{open, MappingRow::Rates{{1500, 0.4}, 0.5}};
    const std::vector<std::string> expected{"a", "till", "web",    "public", "6000", "6001",  "3",
                                            "1", "4",    "1.5 kB", "0 B",    "0.5",  "2 min", "open"};
    std::vector<std::string> texts;
    for (const auto& column : columns())
        texts.push_back(column.text(row, 121000));
    BOOST_TEST(texts == expected, boost::test_tools::per_element());

    const auto divided =
        mappingIn(*parse(R"({"id":"b","type":"private","agentswaitingport1":1,"agentswaitingport2":2})"));
    BOOST_TEST((!divided.isPublic && divided.agents == std::array<std::int64_t, 2>{1, 2}));
    BOOST_TEST(columns()[columnNamed("agents")].text({divided, {}}, 0) == "1+2");
    BOOST_TEST(columns()[columnNamed("visitors")].text({divided, {}}, 0) == "-");
    BOOST_TEST(columns()[columnNamed("lastagent")].text({divided, {}}, 0) == "never");
}

BOOST_AUTO_TEST_CASE(connections_are_read_from_the_api) {
    const auto found = connectionsIn(*parse(
        R"({"agents":[{"n":17,"port":1,"address":"192.0.2.7:51234","since":5,"protocol":"PIPE/2","state":"streams",)"
        R"("streams":3,"bytesin":1,"bytesout":2}],"visitors":[{"n":18,"port":2,"address":"v","since":6,)"
        R"("state":"relay","agent":"192.0.2.7:51234","bytesin":3,"bytesout":4}]})"));
    BOOST_TEST_REQUIRE(found.size() == 2U);
    BOOST_TEST((found[0].isAgent && found[0].streams == 3 && found[0].protocol == "PIPE/2"));
    BOOST_TEST((!found[1].isAgent && !found[1].streams && found[1].agent == "192.0.2.7:51234"));
    BOOST_TEST(connectionsIn(*parse(R"({"agents":[]})")).empty()); // a private mapping has no visitors
}

BOOST_AUTO_TEST_CASE(numbers_are_short) {
    BOOST_TEST(readableRate(0) == "0");
    BOOST_TEST(readableRate(0.42) == "0.4");
    BOOST_TEST(readableRate(12.4) == "12");
    BOOST_TEST(timeSince(0, 5000) == "never");
    BOOST_TEST(timeSince(1000, 5000) == "4 s");
    BOOST_TEST(timeSince(1000, 3600000 + 61000) == "1 h");
    BOOST_TEST(timeSince(9000, 5000) == "0 s"); // the moment came after the look at the clock
}

BOOST_AUTO_TEST_SUITE_END()
