#include "Commands.h"
#include "ConnectorProcess.h"
#include "Daemon.h"

#include <Poco/JSON/Array.h>
#include <Poco/Net/ServerSocket.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <set>

namespace connector::test {

namespace {

/// "what: why" of each entry.
std::vector<std::string> degradationsIn(const Poco::JSON::Object& status) {
    std::vector<std::string> result;
    for (const auto& one : *status.getArray("degraded")) {
        const auto object = one.extract<Poco::JSON::Object::Ptr>();
        result.push_back(object->getValue<std::string>("what") + ": " + object->getValue<std::string>("why"));
    }
    return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(StatusCommand)

BOOST_DATA_TEST_CASE(StatusTellsWhatRuns, kModes, mode) {
    ConnectorSetup setup(mode);
    const ConnectorProcess connector(withOperator(setup));
    const auto text = runCommand(setup, {"status"});
    BOOST_TEST(text.exitCode == 0, shown(text));
    for (const std::string part :
         {"version", "up", "mappings", "agents", "relays", "traffic", "100 of 100 free",
          "Nothing is degraded", mode == Mode::Plain ? "development" : "production"})
        BOOST_TEST(says(text, part), part << " in " << shown(text));
    const auto json = jsonOf(setup, {"status"});
    BOOST_TEST(json->getValue<std::string>("status") == "running");
    BOOST_TEST(json->getValue<std::string>("config") == setup.configFile());
    BOOST_TEST(json->getValue<int>("mappings") == 0);
    BOOST_TEST(json->getValue<std::int64_t>("uptime") > 0);
}

BOOST_AUTO_TEST_CASE(StatusCountsAgentsAndRelays) {
    ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    const auto waiting = connector.agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.connect(mapping.port2);
    visitor.send("hello");
    BOOST_TEST(connector.api().get("/health").status == 200);
    connector.api().waitForCount(mapping.id, "bytesfromport2", 5);
    const auto json = jsonOf(setup, {"status"});
    BOOST_TEST(json->getValue<int>("agentswaiting") == 1);
    BOOST_TEST(json->getValue<int>("relays") == 1);
    BOOST_TEST(json->getValue<int>("bytesrelayed") == 5);
    BOOST_TEST(json->getObject("descriptors")->getValue<int>("free") <
               json->getObject("descriptors")->getValue<int>("all"));
    BOOST_TEST(json->getArray("degraded")->size() == 0U);
}

BOOST_AUTO_TEST_CASE(StatusNamesWhatIsDegraded) {
    ConnectorSetup setup(Mode::Plain, 4);
    const ConnectorProcess connector(setup);
    const auto lonely = connector.api().addPublic();
    const auto divided = connector.api().addPrivate();
    const auto found = degradationsIn(*jsonOf(setup, {"status"}));
    const std::set<std::string> expected{"ports: only 0 of 4 are free",
                                         "mapping " + lonely.id + ": no agent is connected",
                                         "mapping " + divided.id + ": no agent is connected to port1",
                                         "mapping " + divided.id + ": no agent is connected to port2"};
    BOOST_TEST(std::set<std::string>(found.begin(), found.end()) == expected,
               boost::test_tools::per_element());
    const auto text = runCommand(setup, {"status"});
    for (const auto& one : expected)
        BOOST_TEST(says(text, one), shown(text));
}

BOOST_AUTO_TEST_CASE(StatusNamesPortsThatSomethingElseHolds) {
    ConnectorSetup setup;
    const auto mapping = [&] {
        ConnectorProcess connector(setup);
        return connector.api().addPublic();
    }();
    const Poco::Net::ServerSocket holder(Poco::Net::SocketAddress("127.0.0.1", mapping.port2));
    const ConnectorProcess connector(setup);
    const auto agent = connector.agent(mapping.port1, mapping.passcode1);
    const auto text = runCommand(setup, {"status"});
    BOOST_TEST(
        says(text, "mapping " + mapping.id + ": something else holds port " + std::to_string(mapping.port2)),
        shown(text));
}

BOOST_AUTO_TEST_CASE(ExpiredCertificateIsLoggedAndDegraded) {
    ConnectorSetup setup(Mode::Tls);
    const auto& own = setup.serverCertificate();
    const auto expired = run({.words = {"/usr/bin/openssl", "x509", "-in", own.certificateFile, "-signkey",
                                        own.keyFile, "-days", "-1", "-out", own.certificateFile},
                              .outputFile = ""});
    BOOST_TEST_REQUIRE(expired.exitCode == 0, shown(expired));
    const Daemon connector("Connector", withOperator(setup).command());
    connector.waitForLog("is ready");
    const auto complaint = own.certificateFile + ": the certificate expired on ";
    BOOST_TEST(connector.log().find(complaint) != std::string::npos, connector.log());
    const auto found = degradationsIn(*jsonOf(setup, {"status"}));
    BOOST_TEST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found.front().find("certificate: " + complaint) == 0U, found.front());
}

BOOST_AUTO_TEST_CASE(StatusOfNothingFails) {
    const ConnectorSetup setup;
    const auto finished = runCommand(setup, {"status"});
    BOOST_TEST(hasFailed(finished, kUnavailable, {"no Connector answers"}), shown(finished));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
