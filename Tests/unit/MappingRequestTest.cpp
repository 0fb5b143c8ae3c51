#include "api/MappingRequest.h"
#include "base/JsonFields.h"
#include "model/MappingLimits.h"

#include <boost/test/unit_test.hpp>

using connector::checkedMappingId;
using connector::FieldError;
using connector::findMappingId;
using connector::Mapping;
using connector::MappingChange;
using connector::PasscodeChange;
using connector::readMapping;

namespace {

const std::string kJson = "application/json";
const std::string kForm = "application/x-www-form-urlencoded";

/// The bodies of the stock Fog Controller, before it encodes them.
const std::string kPublic = R"({"type":"public","maxconnections":60,"heartbeatabsencethreshold":200000})";
const std::string kPrivate = R"({"type":"private","maxconnectionsport1":1, "maxconnectionsport2":2, )"
                             R"("heartbeatabsencethresholdport1":300, "heartbeatabsencethresholdport2":400})";

/// %-encodes every byte, so that nothing of a form's own characters is left.
std::string encoded(const std::string& text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string result;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        result += '%';
        result += kDigits[byte / 16];
        result += kDigits[byte % 16];
    }
    return result;
}

bool isThePublicOne(const Mapping& mapping) {
    return mapping.type == Mapping::Type::Public && mapping.endpoint1.maxConnections == 60 &&
           mapping.endpoint1.heartbeatAbsenceThreshold.count() == 200000 &&
           mapping.endpoint2.maxConnections == 0;
}

std::string publicWith(const std::string& connections, const std::string& threshold = "0") {
    return R"({"type":"public","maxconnections":)" + connections + R"(,"heartbeatabsencethreshold":)" +
           threshold + "}";
}

/// The Fog Controller's public mapping, with one member more.
std::string publicAnd(const std::string& member) {
    return "{" + member + "," + kPublic.substr(1);
}

/// A JSON array of so many names.
std::string names(int count) {
    std::string list;
    for (int number = 0; number < count; ++number)
        list += (list.empty() ? "\"" : ",\"") + std::to_string(number) + "\"";
    return "[" + list + "]";
}

auto says(const std::string& part) {
    return
        [part](const FieldError& error) { return std::string(error.what()).find(part) != std::string::npos; };
}

} // namespace

BOOST_AUTO_TEST_SUITE(MappingRequest)

BOOST_AUTO_TEST_CASE(every_way_to_send_a_mapping_is_understood) {
    for (const auto& body :
         {"mapping=" + kPublic, "mapping=" + encoded(kPublic), kPublic, encoded(kPublic),
          encoded(kPublic) + "=", " \r\n" + kPublic + "\r\n", "mapping=" + kPublic + "\r\n",
          "other=1&mapping=" + encoded(kPublic) + "&another", "mapping=" + encoded(kPublic) + "&"}) {
        BOOST_TEST(isThePublicOne(readMapping(kForm, body)), body);
        BOOST_TEST(isThePublicOne(readMapping("", body)), body);
    }
    BOOST_TEST(isThePublicOne(readMapping(kJson, kPublic)));
}

BOOST_AUTO_TEST_CASE(json_is_not_decoded_like_a_form) {
    BOOST_CHECK_THROW(readMapping(kJson, encoded(kPublic)), FieldError);
    BOOST_CHECK_THROW(readMapping(kJson, "mapping=" + kPublic), FieldError);
    BOOST_CHECK_NO_THROW(readMapping(kJson, R"({"note":"%zz+&=",)" + kPublic.substr(1)));
}

BOOST_AUTO_TEST_CASE(private_mappings_have_limits_for_each_port) {
    for (const auto& body : {"mapping=" + kPrivate, "mapping=" + encoded(kPrivate), kPrivate}) {
        const auto mapping = readMapping(kForm, body);
        BOOST_TEST((mapping.type == Mapping::Type::Private));
        BOOST_TEST(mapping.endpoint1.maxConnections == 1);
        BOOST_TEST(mapping.endpoint2.maxConnections == 2);
        BOOST_TEST(mapping.endpoint1.heartbeatAbsenceThreshold.count() == 300);
        BOOST_TEST(mapping.endpoint2.heartbeatAbsenceThreshold.count() == 400);
    }
}

BOOST_AUTO_TEST_CASE(what_the_service_decides_is_not_taken_from_the_request) {
    const auto mapping =
        readMapping(kJson, R"({"id":"x","passcode1":"a","passcode2":"b",)" + kPublic.substr(1));
    BOOST_TEST(isThePublicOne(mapping));
    BOOST_TEST(mapping.id.empty());
    BOOST_TEST(mapping.endpoint1.port == 0);
    BOOST_TEST(mapping.endpoint2.port == 0);
    BOOST_TEST(mapping.endpoint1.passcode.empty());
    BOOST_TEST(mapping.endpoint2.passcode.empty());
}

BOOST_AUTO_TEST_CASE(keys_that_a_newer_controller_may_send_are_left_aside) {
    BOOST_TEST(isThePublicOne(
        readMapping(kJson, R"({"new":{"deep":[1,2.5,null,99999999999999999999]},)" + kPublic.substr(1))));
}

BOOST_AUTO_TEST_CASE(visitors_have_tls_and_no_protocol_unless_asked_for) {
    const auto mapping = readMapping(kJson, kPublic);
    BOOST_TEST(mapping.visitors.tls);
    BOOST_TEST(mapping.visitors.alpn.empty());
}

BOOST_AUTO_TEST_CASE(settings_of_visitors_are_read_in_their_order) {
    const auto mapping =
        readMapping(kJson, publicAnd(R"("visitortls":false,"alpn":["h2","http/1.1","\u0021~"])"));
    BOOST_TEST(!mapping.visitors.tls);
    BOOST_TEST(mapping.visitors.alpn == (std::vector<std::string>{"h2", "http/1.1", "!~"}),
               boost::test_tools::per_element());
    BOOST_TEST(readMapping(kJson, publicAnd(R"("alpn":[])")).visitors.alpn.empty());
    BOOST_TEST(readMapping(kJson, publicAnd("\"alpn\":" + names(16))).visitors.alpn.size() == 16U);
    const std::string longest(255, 'x');
    BOOST_TEST(readMapping(kJson, publicAnd(R"("alpn":[")" + longest + "\"]")).visitors.alpn.front() ==
               longest);
}

BOOST_AUTO_TEST_CASE(wrong_settings_of_visitors_are_refused) {
    for (const auto& alpn :
         {std::string("null"), std::string("1"), std::string("\"h2\""), std::string("{}"), std::string("[1]"),
          std::string("[null]"), std::string("[[\"h2\"]]"), std::string(R"([""])"), std::string(R"(["h 2"])"),
          std::string(R"(["h\t2"])"), std::string(R"(["h\u007f"])"), std::string(R"(["\u00e4"])"),
          std::string(R"(["h2","h3","h2"])"), R"([")" + std::string(256, 'x') + "\"]", names(17)}) {
        BOOST_CHECK_EXCEPTION(readMapping(kJson, publicAnd("\"alpn\":" + alpn)), FieldError, says("alpn: "));
        BOOST_CHECK_EXCEPTION(MappingChange("{\"alpn\":" + alpn + "}"), FieldError, says("alpn: "));
    }
    for (const std::string tls : {"null", "0", "\"false\"", "[]"}) {
        BOOST_CHECK_EXCEPTION(readMapping(kJson, publicAnd("\"visitortls\":" + tls)), FieldError,
                              says("visitortls: "));
        BOOST_CHECK_EXCEPTION(MappingChange("{\"visitortls\":" + tls + "}"), FieldError,
                              says("visitortls: "));
    }
}

BOOST_AUTO_TEST_CASE(private_mappings_have_no_visitors_to_set_anything_for) {
    for (const std::string member : {R"("alpn":[])", R"("alpn":["h2"])", R"("visitortls":true)"})
        BOOST_CHECK_EXCEPTION(readMapping(kJson, "{" + member + "," + kPrivate.substr(1)), FieldError,
                              says("private"));
}

BOOST_AUTO_TEST_CASE(change_has_what_is_given_and_no_more) {
    auto mapping = readMapping(kJson, publicAnd(R"("label":"web","visitorrate":5,"alpn":["h3"])"));
    MappingChange(R"( {"visitortls":true,"alpn":["h2"]} )").applyTo(mapping);
    BOOST_TEST(mapping.visitors.tls);
    BOOST_TEST(mapping.visitors.alpn == std::vector<std::string>{"h2"}, boost::test_tools::per_element());
    BOOST_TEST(mapping.label == "web");
    BOOST_TEST(mapping.traffic.visitorRate.value() == 5);
    MappingChange(R"({"alpn":[],"visitorrate":null,"label":null,"port2":6001})").applyTo(mapping);
    BOOST_TEST(mapping.visitors.alpn.empty());
    BOOST_TEST(!mapping.traffic.visitorRate.has_value());
    BOOST_TEST(mapping.label.empty());
    BOOST_TEST(mapping.endpoint1.port == 0);
    BOOST_TEST(mapping.endpoint2.port == 6001);
}

BOOST_AUTO_TEST_CASE(change_of_a_private_mapping_has_nothing_of_visitors) {
    auto mapping = readMapping(kJson, kPrivate);
    MappingChange(R"({"label":"x","relayidle":1000,"bandwidth":2048})").applyTo(mapping);
    BOOST_TEST(mapping.traffic.bandwidth.value() == 2048);
    for (const std::string member :
         {R"("visitorrate":1)", R"("visitorsperaddress":1)", R"("allow":[])", R"("deny":null)"})
        BOOST_CHECK_EXCEPTION(MappingChange("{" + member + "}").applyTo(mapping), FieldError,
                              says("private"));
}

BOOST_AUTO_TEST_CASE(change_of_anything_else_names_what_can_be_changed) {
    for (const auto* body : {"{}", R"({"id":"x"})", R"({"alpn":[],"passcode1":1})"})
        BOOST_CHECK_EXCEPTION(
            MappingChange{body}, FieldError,
            says(
                "allow, alpn, bandwidth, deny, label, logrelays, name, port1, port2, relayidle, visitorrate, "
                "visitorsperaddress, visitortls"));
    for (const auto* body : {"", "[]", "null", "alpn=h2", R"({"alpn":[],"alpn":[]})", R"({"alpn":[]}{})"})
        BOOST_CHECK_THROW(MappingChange{body}, FieldError);
}

BOOST_AUTO_TEST_CASE(names_are_read_and_taken_away) {
    const std::string longest(63, 'x');
    for (const auto& name : {std::string("web"), std::string("7"), std::string("a-7"), longest})
        BOOST_TEST(readMapping(kJson, publicAnd("\"name\":\"" + name + "\"")).name == name);
    auto mapping = readMapping(kJson, publicAnd(R"("name":"web")"));
    MappingChange(R"({"label":"x"})").applyTo(mapping);
    BOOST_TEST(mapping.name == "web");
    MappingChange(R"({"name":"shop"})").applyTo(mapping);
    BOOST_TEST(mapping.name == "shop");
    for (const auto* nothing : {R"({"name":null})", R"({"name":""})"}) {
        auto changed = mapping;
        MappingChange(nothing).applyTo(changed);
        BOOST_TEST(changed.name.empty());
    }
}

BOOST_AUTO_TEST_CASE(names_that_no_domain_can_have_are_refused_with_the_rule) {
    const std::string tooLong(64, 'x');
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"\"web.shop\"", "1 to 63 lower-case letters, digits and hyphens"},
        {"\"Web\"", "lower-case"},
        {"\"" + tooLong + "\"", "1 to 63"},
        {"\"-web\"", "no hyphen at the beginning or the end"},
        {"\"web-\"", "no hyphen at the beginning or the end"},
        {"\"w_b\"", "letters, digits and hyphens"},
        {"\"wéb\"", "letters, digits and hyphens"},
        {"\"5def8b1d-5c77-4ccb-9a20-5fade3eace06\"", "ids of mappings have that form"},
        {"1", "a string"}};
    for (const auto& [value, rule] : wrong) {
        const auto member = "\"name\":" + value;
        BOOST_CHECK_EXCEPTION(readMapping(kJson, publicAnd(member)), FieldError, says(rule));
        BOOST_CHECK_EXCEPTION(MappingChange("{" + member + "}"), FieldError, says(rule));
    }
    BOOST_CHECK_EXCEPTION(readMapping(kJson, R"({"name":"web",)" + kPrivate.substr(1)), FieldError,
                          says("private"));
}

BOOST_AUTO_TEST_CASE(a_mapping_has_ports_or_none_for_ever) {
    BOOST_TEST(readMapping(kJson, publicAnd(R"("ports":true,"port1":6001)")).hasPorts);
    auto mapping = readMapping(kJson, publicAnd(R"("ports":false)"));
    BOOST_TEST(!mapping.hasPorts);
    BOOST_TEST(!readMapping(kJson, R"({"ports":false,)" + kPrivate.substr(1)).hasPorts);
    for (const auto* members : {R"("ports":false,"port1":6001)", R"("port2":6001,"ports":false)"})
        BOOST_CHECK_EXCEPTION(readMapping(kJson, publicAnd(members)), FieldError,
                              says("no ports of its own"));
    BOOST_CHECK_EXCEPTION(readMapping(kJson, publicAnd(R"("ports":"no")")), FieldError, says("ports: "));
    BOOST_CHECK_EXCEPTION(MappingChange(R"({"port1":6001})").applyTo(mapping), FieldError,
                          says("no ports of its own"));
    for (const auto* change : {R"({"ports":true})", R"({"ports":false})", R"({"ports":1})"})
        BOOST_CHECK_EXCEPTION(MappingChange{change}, FieldError, says("can't be changed"));
    BOOST_TEST(!mapping.hasPorts);
}

BOOST_AUTO_TEST_CASE(limits_of_traffic_are_read) {
    const auto mapping = readMapping(
        kJson,
        publicAnd(R"("label":"a-é","port1":6002,"port2":6001,"visitorsperaddress":0,"visitorrate":1000000,)"
                  R"("allow":["192.0.2.0/24","2001:db8::/32"],"deny":[],"relayidle":0,"bandwidth":1024)"));
    BOOST_TEST(mapping.label == "a-é");
    BOOST_TEST(mapping.endpoint1.port == 6002);
    BOOST_TEST(mapping.endpoint2.port == 6001);
    const auto& traffic = mapping.traffic;
    BOOST_TEST(traffic.visitorsPerAddress.value() == 0);
    BOOST_TEST(traffic.visitorRate.value() == 1000000);
    BOOST_TEST(traffic.allow.value().size() == 2U);
    BOOST_TEST(traffic.allow.value().back().toString() == "2001:db8::/32");
    BOOST_TEST(traffic.deny.value().empty());
    BOOST_TEST(traffic.relayIdle.value().count() == 0);
    BOOST_TEST(traffic.bandwidth.value() == 1024);
}

BOOST_AUTO_TEST_CASE(what_is_not_given_is_as_elsewhere) {
    const auto mapping = readMapping(kJson, publicAnd(R"("visitorrate":null,"bandwidth":0)"));
    BOOST_TEST(!mapping.traffic.visitorRate.has_value());
    BOOST_TEST(!mapping.traffic.allow.has_value());
    connector::TrafficLimits elsewhere = connector::kUnlimitedTraffic;
    elsewhere.visitorRate = 7;
    elsewhere.bandwidth = 5000;
    BOOST_TEST(mapping.traffic.orElse(elsewhere).visitorRate.value() == 7);
    BOOST_TEST(mapping.traffic.orElse(elsewhere).bandwidth.value() == 0);
}

BOOST_AUTO_TEST_CASE(wrong_limits_of_traffic_are_refused_by_name) {
    const std::string tooLong(65, 'x');
    const std::vector<std::pair<std::string, std::string>> wrong{{"label", "\"\""},
                                                                 {"label", "1"},
                                                                 {"label", R"("a\u0007")"},
                                                                 {"label", "\"" + tooLong + "\""},
                                                                 {"port1", "0"},
                                                                 {"port2", "65536"},
                                                                 {"port1", "null"},
                                                                 {"port1", "\"6001\""},
                                                                 {"visitorsperaddress", "-1"},
                                                                 {"visitorrate", "1.5"},
                                                                 {"visitorrate", "1000001"},
                                                                 {"allow", "\"192.0.2.0/24\""},
                                                                 {"allow", "[\"192.0.2.1\"]"},
                                                                 {"deny", "[\"192.0.2.1/24\"]"},
                                                                 {"deny", "[1]"},
                                                                 {"relayidle", "-1"},
                                                                 {"relayidle", "2147483648"},
                                                                 {"bandwidth", "1023"},
                                                                 {"bandwidth", "-1"}};
    for (const auto& [key, value] : wrong) {
        const auto member = "\"" + key + "\":" + value;
        BOOST_CHECK_EXCEPTION(readMapping(kJson, publicAnd(member)), FieldError, says(key + ": "));
        BOOST_CHECK_EXCEPTION(MappingChange("{" + member + "}"), FieldError, says(key + ": "));
    }
    const std::string longest(64, 'x');
    BOOST_TEST(readMapping(kJson, publicAnd("\"label\":\"" + longest + "\"")).label == longest);
}

BOOST_AUTO_TEST_CASE(networks_are_bounded) {
    const auto so = [](std::size_t many) {
        std::string networks;
        for (std::size_t i = 0; i < many; ++i)
            networks += (i == 0 ? "\"10." : ",\"10.") + std::to_string(i / 250) + "." +
                        std::to_string(i % 250) + ".0/24\"";
        return publicAnd("\"deny\":[" + networks + "]");
    };
    BOOST_TEST(readMapping(kJson, so(connector::kMaxNetworks)).traffic.deny.value().size() ==
               connector::kMaxNetworks);
    BOOST_CHECK_EXCEPTION(readMapping(kJson, so(connector::kMaxNetworks + 1)), FieldError, says("deny: "));
}

BOOST_AUTO_TEST_CASE(passcode_of_a_public_mapping_is_port1s) {
    auto mapping = readMapping(kJson, kPublic);
    mapping.endpoint1.passcode = "old";
    for (const auto* body : {"", "{}", R"({"side":"port1"})", R"({"overlap":0})"}) {
        PasscodeChange change(body);
        change.applyTo(mapping, "new");
        BOOST_TEST(change.side() == "port1");
        BOOST_TEST(mapping.endpoint1.passcode == "new");
        BOOST_TEST(mapping.endpoint1.formerPasscode == "");
        BOOST_TEST(mapping.endpoint1.formerPasscodeUntil == 0);
    }
    PasscodeChange(R"({"overlap":60000})").applyTo(mapping, "newest");
    BOOST_TEST(mapping.endpoint1.formerPasscode == "new");
    BOOST_TEST(mapping.endpoint1.formerPasscodeUntil > 60000);
    BOOST_CHECK_EXCEPTION(PasscodeChange(R"({"side":"port2"})").applyTo(mapping, "x"), FieldError,
                          says("side: "));
}

BOOST_AUTO_TEST_CASE(passcodes_of_a_private_mapping_have_sides) {
    auto mapping = readMapping(kJson, kPrivate);
    mapping.endpoint1.passcode = "one";
    mapping.endpoint2.passcode = "two";
    PasscodeChange(R"({"side":"port2","overlap":1})").applyTo(mapping, "new");
    BOOST_TEST(mapping.endpoint1.passcode == "one");
    BOOST_TEST(mapping.endpoint2.passcode == "new");
    BOOST_TEST(mapping.endpoint2.formerPasscode == "two");
    BOOST_CHECK_EXCEPTION(PasscodeChange("").applyTo(mapping, "x"), FieldError, says("side: missing"));
    for (const auto* body : {"[]", R"({"side":"port3"})", R"({"side":1})", R"({"overlap":-1})",
                             R"({"overlap":null})", R"({"sides":"port1"})"})
        BOOST_CHECK_THROW(PasscodeChange{body}, FieldError);
}

BOOST_AUTO_TEST_CASE(the_ends_of_the_ranges_are_allowed) {
    BOOST_TEST(readMapping(kJson, publicWith("1")).endpoint1.maxConnections == 1);
    BOOST_TEST(readMapping(kJson, publicWith("10000")).endpoint1.maxConnections == 10000);
    BOOST_TEST(
        readMapping(kJson, publicWith("1", "2147483647")).endpoint1.heartbeatAbsenceThreshold.count() ==
        2147483647);
}

BOOST_AUTO_TEST_CASE(wrong_numbers_are_refused_with_the_fields_name) {
    for (const auto* number : {"0", "-1", "10001", "4294967297", "18446744073709551617", "1.0", "1.5", "1e2",
                               "\"60\"", "null", "true", "[60]", "{}"})
        BOOST_CHECK_EXCEPTION(readMapping(kJson, publicWith(number)), FieldError, says("maxconnections: "));
    for (const auto* number : {"-1", "2147483648", "0.5", "\"0\"", "null", "false", "[]"})
        BOOST_CHECK_EXCEPTION(readMapping(kJson, publicWith("1", number)), FieldError,
                              says("heartbeatabsencethreshold: "));
}

BOOST_AUTO_TEST_CASE(missing_fields_are_named) {
    BOOST_CHECK_EXCEPTION(readMapping(kJson, "{}"), FieldError, says("type: missing"));
    BOOST_CHECK_EXCEPTION(readMapping(kJson, R"({"type":"public"})"), FieldError,
                          says("maxconnections: missing"));
    BOOST_CHECK_EXCEPTION(readMapping(kJson, R"({"type":"public","maxconnections":1})"), FieldError,
                          says("heartbeatabsencethreshold: missing"));
    BOOST_CHECK_EXCEPTION(
        readMapping(kJson, R"({"type":"private","maxconnections":1,"heartbeatabsencethreshold":0})"),
        FieldError, says("maxconnectionsport1: missing"));
}

BOOST_AUTO_TEST_CASE(wrong_types_are_named) {
    for (const auto* type : {"1", "null", "\"Public\"", "\"\"", "[\"public\"]"})
        BOOST_CHECK_EXCEPTION(readMapping(kJson, R"({"type":)" + std::string(type) + "}"), FieldError,
                              says("type: "));
}

BOOST_AUTO_TEST_CASE(malformed_bodies_are_refused) {
    for (const auto& body :
         {std::string(), std::string("mapping"), std::string("mapping="), std::string("="),
          std::string("&&&"), std::string("other=1"), std::string("mapping=%"), std::string("mapping=%7"),
          std::string("mapping=%zz"), "mapping=" + kPublic + "%", std::string("mapping=%00"),
          std::string("mapping=\0{}", 11), std::string("mapping=%ff"), std::string("mapping=\xFF"),
          "mapping=" + encoded(kPublic.substr(0, 40)), "mapping=" + encoded(kPublic + kPublic),
          std::string("mapping=") + std::string(1000, '['), std::string("mapping=") + std::string(60000, '{'),
          "mapping=" + publicWith(std::string(1000, '['))}) {
        BOOST_CHECK_THROW(readMapping(kForm, body), FieldError);
        BOOST_CHECK_THROW(readMapping(kJson, body), FieldError);
    }
}

BOOST_AUTO_TEST_CASE(a_parameter_given_twice_is_refused) {
    const auto mapping = "mapping=" + encoded(kPublic);
    BOOST_CHECK_EXCEPTION(readMapping(kForm, mapping + "&" + mapping), FieldError, says("mapping: "));
    BOOST_CHECK_EXCEPTION(readMapping(kForm, mapping + "&other=1&" + mapping), FieldError, says("mapping: "));
    BOOST_CHECK_EXCEPTION(findMappingId(kForm, "mappingid=a&mappingid=a"), FieldError, says("mappingid: "));
}

BOOST_AUTO_TEST_CASE(forms_have_a_bounded_number_of_parameters) {
    std::string body = "mapping=" + encoded(kPublic);
    for (int number = 0; number < 101; ++number)
        body += "&p" + std::to_string(number) + "=1";
    BOOST_CHECK_THROW(readMapping(kForm, body), FieldError);
}

BOOST_AUTO_TEST_CASE(ids_are_read_from_forms_and_json) {
    BOOST_TEST(findMappingId(kForm, "mappingid=abc").value() == "abc");
    BOOST_TEST(findMappingId("", "x=1&mappingid=a%2Fb+c").value() == "a/b c");
    BOOST_TEST(findMappingId(kJson, R"({"mappingid":"abc"})").value() == "abc");
    BOOST_TEST(!findMappingId(kForm, "").has_value());
    BOOST_TEST(!findMappingId(kForm, "id=abc").has_value());
    BOOST_TEST(!findMappingId(kJson, "{}").has_value());
}

BOOST_AUTO_TEST_CASE(ids_that_no_mapping_can_have_are_refused) {
    for (const auto* body :
         {"mappingid", "mappingid=", "mappingid=%00", "mappingid=a%0Ab", "mappingid=a\r\n", "mappingid=%7F",
          "mappingid=%FF", "mappingid=%E2%82", "mappingid=%ED%A0%80", "mappingid=%"})
        BOOST_CHECK_THROW(findMappingId(kForm, body), FieldError);
    for (const auto* body : {"", "[]", R"({"mappingid":5})", R"({"mappingid":null})", R"({"mappingid":""})"})
        BOOST_CHECK_THROW(findMappingId(kJson, body), FieldError);
}

BOOST_AUTO_TEST_CASE(ids_need_not_be_uuids) {
    for (const auto& id :
         {std::string("1"), std::string("an imported one"), std::string("\u20AC"), std::string(256, 'x')})
        BOOST_TEST(checkedMappingId(id) == id);
    BOOST_CHECK_THROW(checkedMappingId(std::string(257, 'x')), FieldError);
}

BOOST_AUTO_TEST_SUITE_END()
