#include "PipeActions.h"
#include "RunningApi.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Timestamp.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <regex>
#include <set>
#include <string>
#include <vector>

namespace connector::test {

namespace {

bool isUuid4(const std::string& text) {
    static const std::regex uuid4("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    return std::regex_match(text, uuid4);
}

std::string join(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words)
        line += (line.empty() ? "" : " ") + word;
    return line;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ApiMappings)

BOOST_DATA_TEST_CASE(AddPublicAnswersAsTheDocumentSays, kModes, mode) {
    const ConnectorSetup setup(mode);
    const ConnectorProcess connector(setup);
    const Poco::Timestamp before;
    const auto answer = connector.api().tryAdd(kControllerPublic);
    const Poco::Timestamp after;
    BOOST_TEST_REQUIRE(answer.status == 200, answer);
    BOOST_TEST(answer.headers.get("Content-Type").starts_with(kJson));
    BOOST_TEST(join(answer.keysInOrder()) == "status id port1 port2 passcode1 passcode2 timestamp");
    BOOST_TEST(answer.field("status") == "ok");
    BOOST_TEST(isUuid4(answer.field("id")), answer);
    BOOST_TEST(isUuid4(answer.field("passcode1")), answer);
    BOOST_TEST(answer.field("passcode2") == "");
    BOOST_TEST(answer.field("passcode1") != answer.field("id"));
    const auto timestamp = answer.json()->getValue<std::int64_t>("timestamp");
    BOOST_TEST(timestamp >= before.epochMicroseconds() / 1000);
    BOOST_TEST(timestamp <= after.epochMicroseconds() / 1000);
    const auto added = parseAdded(answer);
    BOOST_TEST(added.port1 != added.port2);
    for (const auto port : {added.port1, added.port2}) {
        BOOST_TEST(port >= setup.firstMappingPort());
        BOOST_TEST(port < setup.firstMappingPort() + 100);
        BOOST_TEST(!refusesConnections(port));
    }
}

BOOST_DATA_TEST_CASE(AddPrivateAnswersAsTheDocumentSays, kModes, mode) {
    const ConnectorSetup setup(mode);
    const ConnectorProcess connector(setup);
    const auto answer = connector.api().tryAdd(kControllerPrivate);
    BOOST_TEST_REQUIRE(answer.status == 200, answer);
    BOOST_TEST(join(answer.keysInOrder()) == "status id port1 port2 passcode1 passcode2 timestamp");
    BOOST_TEST(isUuid4(answer.field("passcode1")), answer);
    BOOST_TEST(isUuid4(answer.field("passcode2")), answer);
    BOOST_TEST(answer.field("passcode1") != answer.field("passcode2"));
}

BOOST_DATA_TEST_CASE(RemoveAnswersAsTheDocumentSays, kModes, mode) {
    const ConnectorSetup setup(mode);
    const ConnectorProcess connector(setup);
    const auto added = connector.api().addPublic();
    const auto answer = connector.api().tryRemove(added.id);
    BOOST_TEST_REQUIRE(answer.status == 200, answer);
    BOOST_TEST(join(answer.keysInOrder()) == "status id timestamp");
    BOOST_TEST(answer.field("status") == "ok");
    BOOST_TEST(answer.field("id") == added.id);
    BOOST_TEST(refusesConnections(added.port1));
    BOOST_TEST(refusesConnections(added.port2));
}

BOOST_FIXTURE_TEST_CASE(RemovedMappingIsUnknown, Running) {
    const auto added = api.addPublic();
    api.remove(added.id);
    BOOST_TEST(api.tryRemove(added.id).isError(404));
    BOOST_TEST(api.get(std::string(kMapping) + "/" + added.id).isError(404));
}

BOOST_AUTO_TEST_CASE(NoFreePortsIs507) {
    const ConnectorSetup setup(Mode::Plain, 5);
    const ConnectorProcess connector(setup);
    const auto first = connector.api().addPublic();
    connector.api().addPrivate();
    const auto answer = connector.api().tryAdd(kControllerPublic);
    BOOST_TEST(answer.isError(507), answer);
    BOOST_TEST(connector.api().listIds().size() == 2);
    connector.api().remove(first.id);
    connector.api().addPublic();
}

BOOST_AUTO_TEST_CASE(ExcludedPortsAreNotGiven) {
    ConnectorSetup setup(Mode::Plain, 6);
    const auto excluded = static_cast<std::uint16_t>(setup.firstMappingPort() + 2);
    setup.setJson("exclude", "[\"" + std::to_string(excluded) + "\"]");
    const ConnectorProcess connector(setup);
    for (int number = 0; number < 2; ++number) {
        const auto added = connector.api().addPublic();
        BOOST_TEST(added.port1 != excluded);
        BOOST_TEST(added.port2 != excluded);
    }
    BOOST_TEST(connector.api().tryAdd(kControllerPublic).isError(507));
}

BOOST_AUTO_TEST_CASE(PortsThatOthersHoldArePassedOver) {
    const ConnectorSetup setup(Mode::Plain, 4);
    const Poco::Net::ServerSocket holder(Poco::Net::SocketAddress("127.0.0.1", setup.firstMappingPort()));
    const ConnectorProcess connector(setup);
    const auto added = connector.api().addPublic();
    BOOST_TEST(added.port1 != setup.firstMappingPort());
    BOOST_TEST(added.port2 != setup.firstMappingPort());
    BOOST_TEST(connector.api().tryAdd(kControllerPublic).isError(507));
    BOOST_TEST(connector.api().listIds().size() == 1);
}

BOOST_FIXTURE_TEST_CASE(ListIsPaged, Running) {
    std::set<std::string> expected;
    for (int number = 0; number < 5; ++number)
        expected.insert(api.addPublic().id);
    std::vector<std::string> listed;
    for (const auto& mapping : api.listAll(2))
        listed.push_back(mapping->getValue<std::string>("id"));
    BOOST_TEST(listed == std::vector<std::string>(expected.begin(), expected.end()));

    const auto page = api.get(std::string(kMapping) + "?limit=2").json();
    BOOST_TEST(page->getArray("mappings")->size() == 2);
    BOOST_TEST(page->getValue<std::string>("next") == *std::next(expected.begin()));
    const auto rest =
        api.get(std::string(kMapping) + "?limit=3&after=" + page->getValue<std::string>("next")).json();
    BOOST_TEST(rest->getArray("mappings")->size() == 3);
    BOOST_TEST(!rest->has("next"), "the last page, though it is full");
}

BOOST_FIXTURE_TEST_CASE(EmptyListHasNoNext, Running) {
    const auto answer = api.get(kMapping);
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.json()->getArray("mappings")->size() == 0);
    BOOST_TEST(!answer.json()->has("next"));
}

BOOST_FIXTURE_TEST_CASE(BadPagesAreRefused, Running) {
    for (const auto* query : {"?limit=0", "?limit=-1", "?limit=abc", "?limit=", "?limit=1.5",
                              "?limit=99999999999", "?limit=1&limit=2"}) {
        const auto answer = api.get(std::string(kMapping) + query);
        BOOST_TEST(answer.isError(400), query << " gave " << answer);
    }
}

BOOST_FIXTURE_TEST_CASE(PublicMappingIsShown, Running) {
    const auto added = parseAdded(api.tryAdd(kControllerPublic));
    const auto answer = api.get(std::string(kMapping) + "/" + added.id);
    const auto json = answer.json();
    BOOST_TEST(json->getValue<std::string>("id") == added.id);
    BOOST_TEST(json->getValue<std::string>("type") == "public");
    BOOST_TEST(json->getValue<int>("port1") == added.port1);
    BOOST_TEST(json->getValue<int>("port2") == added.port2);
    BOOST_TEST(json->getValue<int>("maxconnections") == 60);
    BOOST_TEST(json->getValue<int>("heartbeatabsencethreshold") == 200000);
    BOOST_TEST(json->getValue<std::string>("url") == "http://127.0.0.1:" + std::to_string(added.port2));
    for (const auto* count :
         {"agentswaiting", "visitorswaiting", "relays", "bytesfromport1", "bytesfromport2"})
        BOOST_TEST(json->getValue<int>(count) == 0, count);
    BOOST_TEST(json->getValue<std::string>("state") == "open");
    BOOST_TEST(answer.text.find(added.passcode1) == std::string::npos);
    BOOST_TEST(answer.text.find("passcode") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(PrivateMappingIsShown, Running) {
    const auto added =
        api.add(R"({"type":"private","maxconnectionsport1":1,"maxconnectionsport2":2,)"
                R"("heartbeatabsencethresholdport1":3000,"heartbeatabsencethresholdport2":4000})");
    const auto answer = api.get(std::string(kMapping) + "/" + added.id);
    const auto json = answer.json();
    BOOST_TEST(json->getValue<std::string>("type") == "private");
    BOOST_TEST(json->getValue<int>("maxconnectionsport1") == 1);
    BOOST_TEST(json->getValue<int>("maxconnectionsport2") == 2);
    BOOST_TEST(json->getValue<int>("heartbeatabsencethresholdport1") == 3000);
    BOOST_TEST(json->getValue<int>("heartbeatabsencethresholdport2") == 4000);
    BOOST_TEST(!json->has("url"));
    for (const auto* count :
         {"agentswaitingport1", "agentswaitingport2", "relays", "bytesfromport1", "bytesfromport2"})
        BOOST_TEST(json->getValue<int>(count) == 0, count);
    BOOST_TEST(answer.text.find("passcode") == std::string::npos);
    BOOST_TEST(api.get(kMapping).text.find("passcode") == std::string::npos);
}

BOOST_DATA_TEST_CASE(UrlHasTheSchemeAndThePublicAddress, kModes, mode) {
    ConnectorSetup setup(mode);
    setup.set("address", "connector.example.org");
    const ConnectorProcess connector(setup);
    const auto added = connector.api().addPublic();
    const std::string scheme = mode == Mode::Plain ? "http" : "https";
    BOOST_TEST(connector.api().show(added.id)->getValue<std::string>("url") ==
               scheme + "://connector.example.org:" + std::to_string(added.port2));
}

BOOST_FIXTURE_TEST_CASE(StatusOfAllIsAsEarlierConnectorsGaveIt, Running) {
    api.addPublic();
    for (const auto& answer : {api.post(kStatus, "mappingid=all"),
                               api.get(std::string(kStatus) + "?mappingid=all"), api.get(kStatus)}) {
        BOOST_TEST_REQUIRE(answer.status == 200, answer);
        const auto json = answer.json();
        BOOST_TEST(json->getValue<std::string>("status") == "running");
        BOOST_TEST(json->getValue<std::string>("id") == "all");
        BOOST_TEST(json->getValue<int>("mappings") == 1);
        BOOST_TEST(json->getValue<int>("availablePorts") == 98);
        BOOST_TEST(json->get("timestamp").isInteger());
        BOOST_TEST(!json->getValue<std::string>("version").empty());
    }
}

BOOST_FIXTURE_TEST_CASE(StatusOfOneMappingNamesItsSides, Running) {
    const std::regex state("Active|Inactive");
    const auto open = api.addPublic();
    const auto closed = api.addPrivate();
    const auto publicStatus = api.post(kStatus, "mappingid=" + open.id);
    BOOST_TEST(publicStatus.field("id") == open.id, publicStatus);
    BOOST_TEST(std::regex_match(publicStatus.field("public"), state), publicStatus);
    BOOST_TEST(std::regex_match(publicStatus.field("private"), state), publicStatus);
    const auto privateStatus = api.get(std::string(kStatus) + "?mappingid=" + closed.id);
    BOOST_TEST(std::regex_match(privateStatus.field("private1"), state), privateStatus);
    BOOST_TEST(std::regex_match(privateStatus.field("private2"), state), privateStatus);
}

BOOST_FIXTURE_TEST_CASE(StatusFollowsTheAgents, Running) {
    const auto mapping = api.addPrivate();
    const auto field = [&](const char* side) {
        return api.post(kStatus, "mappingid=" + mapping.id).field(side);
    };
    BOOST_TEST(field("private1") == "Inactive");
    const auto agent = connector.agent(mapping.port1, mapping.passcode1);
    waitUntil("port1's side is active", [&] { return field("private1") == "Active"; });
    BOOST_TEST(field("private2") == "Inactive");
}

BOOST_FIXTURE_TEST_CASE(HealthIsJson, Running) {
    const auto answer = api.get(kHealth);
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.headers.get("Content-Type").starts_with(kJson));
    BOOST_TEST(answer.json()->size() > 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
