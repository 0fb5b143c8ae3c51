#include "cli/import/EarlierMappings.h"

#include "base/JsonFields.h"

#include <Poco/String.h>

#include <boost/test/unit_test.hpp>

using connector::EarlierMappings;
using connector::FieldError;
using connector::Mapping;

namespace {

const std::string kPublic = R"({"id":"1","port1":6000,"port2":6001,"maxconnectionsport1":60,)"
                            R"("maxconnectionsport2":60,"passcodeport1":"secret","passcodeport2":"",)"
                            R"("heartbeatabsencethresholdport1":60000,"heartbeatabsencethresholdport2":0})";

std::string with(const std::string& from, const std::string& to) {
    return Poco::replace(kPublic, from, to);
}

EarlierMappings parse(const std::string& entries) {
    return EarlierMappings::parse(R"({"mappings":[)" + entries + "]}");
}

std::string errorOf(const std::string& entries) {
    try {
        parse(entries);
        return "";
    } catch (const FieldError& error) {
        return error.what();
    }
}

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(EarlierMappingsFile)

BOOST_AUTO_TEST_CASE(a_public_mapping_needs_the_limits_of_port1_only) {
    const auto mapping = parse(kPublic).mappings.at(0);
    BOOST_TEST((mapping.type == Mapping::Type::Public));
    BOOST_TEST(mapping.endpoint1.port == 6000);
    BOOST_TEST(mapping.endpoint1.passcode == "secret");
    BOOST_TEST(mapping.endpoint1.maxConnections == 60);
    BOOST_TEST(mapping.endpoint1.heartbeatAbsenceThreshold.count() == 60000);
    BOOST_TEST(mapping.endpoint2.port == 6001);
    BOOST_TEST(mapping.endpoint2.maxConnections == 0);
    BOOST_TEST((parse(with(R"("maxconnectionsport2":60,)", "")).mappings.at(0) == mapping));
    BOOST_TEST((parse(with(R"("maxconnectionsport2":60,)", R"("maxconnectionsport2":0,)")).mappings.at(0) ==
                mapping));
}

BOOST_AUTO_TEST_CASE(a_private_mapping_has_both_sides) {
    const auto mapping = parse(with(R"("passcodeport2":"")", R"("passcodeport2":" ")")).mappings.at(0);
    BOOST_TEST((mapping.type == Mapping::Type::Private));
    BOOST_TEST(mapping.endpoint2.passcode == " ");
    BOOST_TEST(mapping.endpoint2.maxConnections == 60);
}

BOOST_AUTO_TEST_CASE(no_entries_are_no_error) {
    BOOST_TEST(parse("").mappings.empty());
}

BOOST_AUTO_TEST_CASE(direct_connections_are_skipped_whatever_else_they_say) {
    const auto result = parse(R"({"id":"d","port1":0,"port2":0,"passcodeport1":"x"},)" + kPublic);
    BOOST_TEST(result.mappings.size() == 1U);
    BOOST_TEST(result.skipped.at(0).id == "d");
}

BOOST_AUTO_TEST_CASE(each_wrong_value_is_named) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {with(R"("id":"1",)", ""), "id: missing"},
        {with(R"("id":"1")", R"("id":1)"), "id"},
        {with(":6000,", ":\"6000\","), "mappings[0].port1"},
        {with(":6000,", ":-1,"), "-1"},
        {with("6001", "0"), "mappings[0].port2"},
        {with(":6001,", ":6000,"), "another port than port1"},
        {with("\"port2\":6001,", ""), "port2: missing"},
        {with(R"("maxconnectionsport1":60)", R"("maxconnectionsport1":0)"), "maxconnectionsport1"},
        {with(R"("maxconnectionsport1":60)", R"("maxconnectionsport1":10001)"), "10001"},
        {with("60000", "2147483648"), "heartbeatabsencethresholdport1"},
        {with("60000", "1.5"), "1.5"},
        {with("\"secret\"", "\"\""), "passcodeport1"},
        {with("\"secret\"", "12345"), "passcodeport1"},
        {with(R"(,"passcodeport2":"")", ""), "passcodeport2: missing"},
    };
    for (const auto& [entry, named] : cases)
        BOOST_TEST(mentions(errorOf(entry), named), named << " in " << errorOf(entry));
}

BOOST_AUTO_TEST_CASE(all_wrong_entries_are_named_at_once_and_no_passcode_is) {
    const auto error =
        errorOf(with(":6000,", ":70000,") + "," + kPublic + "," + with("\"secret\"", "987654"));
    BOOST_TEST(mentions(error, "mappings[0].port1"), error);
    BOOST_TEST(mentions(error, "mappings[2].passcodeport1"), error);
    BOOST_TEST(!mentions(error, "mappings[1]"), error);
    BOOST_TEST(!mentions(error, "987654"), error);
}

BOOST_AUTO_TEST_SUITE_END()
