#include "Commands.h"
#include "LogLines.h"
#include "PipeActions.h"
#include "RandomStream.h"
#include "ReloadedConnector.h"
#include "ServiceManager.h"

#include <Poco/JSON/Array.h>
#include <Poco/StringTokenizer.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

using Names = std::set<std::string>;

Names namesIn(const std::string& list) {
    const Poco::StringTokenizer names(list, ",", Poco::StringTokenizer::TOK_TRIM);
    return {names.begin(), names.end()};
}

/// The keys that Connector takes in one object of the configuration, "" for the outermost: it names them when
/// there is one that it doesn't know.
Names keysOf(const std::string& object) {
    const auto prefix = object.empty() ? "" : object + ".";
    ConnectorSetup setup;
    setup.set(prefix + "no-such-key", 1);
    const auto said = runCommand(setup, {"--check"}).output;
    const std::string beginning = "the keys here are ";
    Names keys;
    for (const auto& name : namesIn(said.substr(said.find(beginning) + beginning.size())))
        keys.insert(prefix + name);
    return keys;
}

const std::vector<std::string> kObjects{"api",    "pipes", "front", "visitors",
                                        "limits", "tls",   "log",   "metrics"};

Names allKeys() {
    auto keys = keysOf("");
    for (const auto& object : kObjects) {
        BOOST_TEST(keys.erase(object) == 1U);
        keys.merge(keysOf(object));
    }
    keys.erase("broker"); // is not used
    return keys;
}

/// Other values than ConnectorSetup has, as JSON; limits have 20000 unless they are here.
const std::map<std::string, std::string> kOtherValues{
    {"address", R"("elsewhere.example")"},
    {"api.anonymous", "true"},
    {"api.bind", R"("127.0.0.2")"},
    {"api.hosts", R"(["connector.internal"])"},
    {"api.identities", R"([{"name":"a","network":"127.0.0.0/8"}])"},
    {"api.port", "1"},
    {"api.trusted-proxies", R"(["192.0.2.0/24"])"},
    {"database", R"("other.db")"},
    {"front.acme-webroot", R"("acme")"},
    {"front.domain", R"("fog.example.org")"},
    {"front.port", "0"}, // as it is: with dev there is no front
    {"front.reserved", R"(["status"])"},
    {"front.trusted-proxies", R"(["192.0.2.0/24"])"},
    {"node", R"("another")"},
    {"limits.api-connections", "200"},
    {"limits.api-threads", "20"},
    {"limits.database-waiting", "3"},
    {"limits.descriptors", "500"},
    {"limits.stream-window", "1048576"},
    {"log.level", R"("trace")"},
    {"log.relays", "true"},
    {"metrics.bind", R"("127.0.0.2")"},
    {"metrics.mappings", "10"},
    {"metrics.port", "2"},
    {"pipes.allow-plain-visitors", "true"},
    {"pipes.bind", R"(["127.0.0.1"])"},
    {"pipes.trusted-proxies", R"(["192.0.2.0/24"])"},
    {"threads", "1"},
    {"tls.certificate", R"("other.pem")"},
    {"tls.controllers-ca", R"("ca.pem")"},
    {"tls.key", R"("other.key")"},
    {"tls.ocsp", R"("other.der")"},
    {"visitors.allow", R"(["127.0.0.0/8"])"},
    {"visitors.bandwidth", "1048576"},
    {"visitors.deny", R"(["192.0.2.0/24"])"},
    {"visitors.relayidle", "20000"},
    {"visitors.visitorrate", "20000"},
    {"visitors.visitorsperaddress", "20000"}};

/// Another value for a key, where this test knows one.
void change(ConnectorSetup& setup, const std::string& key) {
    const auto port = [&](int number) {
        return "[\"" + std::to_string(setup.firstMappingPort() + number) + "\"]";
    };
    if (key == "ports")
        setup.setJson(key, "[\"" + std::to_string(setup.firstMappingPort()) + "-" +
                               std::to_string(setup.firstMappingPort() + 9) + "\"]");
    else if (key == "exclude")
        setup.setJson(key, port(5));
    else if (const auto found = kOtherValues.find(key); found != kOtherValues.end())
        setup.setJson(key, found->second);
    else if (key.starts_with("limits."))
        setup.set(key, 20000);
}

} // namespace

BOOST_AUTO_TEST_SUITE(Reloads)

BOOST_FIXTURE_TEST_CASE(EveryKeyIsChangedOrKept, ReloadedConnector) {
    start();
    const auto keys = allKeys();
    for (const auto& key : keys)
        // With dev the files of tls.* need not be there; and the line that is waited for stays in this log,
        // as it is.
        if (key != "dev" && key != "log.file" && key != "log.format") change(setup, key);
    const auto line = reload();
    BOOST_REQUIRE(line.starts_with("the configuration was read again; changed: "));
    auto told = namesIn(line.substr(line.find(": ") + 2));
    const auto kept = lastRead()->getArray("kept");
    for (const auto& one : *kept)
        BOOST_TEST(told.insert(one.extract<Poco::JSON::Object::Ptr>()->getValue<std::string>("key")).second);
    told.insert({"dev", "log.file", "log.format"});
    told.insert({"front.http-port", "front.port"}); // with dev there is no front
    told.insert("tls.certificates");                // takes the place of tls.certificate
    BOOST_TEST(told == keys, boost::test_tools::per_element());
}

BOOST_DATA_TEST_CASE(UnchangedFileChangesNothing, kModes, mode) {
    ReloadedConnector reloaded(mode);
    reloaded.start();
    reloaded.reload("");
    BOOST_TEST(reloaded.lastRead()->getArray("changed")->size() == 0U);
    BOOST_TEST(!reloaded.lastRead()->has("error"));
}

BOOST_FIXTURE_TEST_CASE(WrongFilesChangeNothing, ReloadedConnector) {
    start();
    const auto mapping = api().addPublic();
    const auto good = setup.config();
    const std::vector<std::pair<std::string, std::string>> cases{
        {"no JSON", "not a JSON object"},
        {R"({"ports": ["1-2"], "address": "elsewhere.example"} x)", "not valid JSON"},
        {R"({"ports": ["1-2"]})", "address: missing"},
        {R"({"ports": ["1-2"], "address": "elsewhere.example", "dev": true, "limits": {"open": -1}})",
         "limits.open: -1 is not allowed; it must be a whole number from 1 to 2147483647"},
        {R"({"ports": ["1-2"], "address": "elsewhere.example", "dev": true, "log": {"file": "no/folder"}})",
         "log.file: it can't be written"},
        {R"({"ports": ["1-2"], "address": "elsewhere.example"})", "tls.certificate, tls.key"}};
    for (const auto& [text, named] : cases) {
        setup.replaceConfig(text);
        const auto line = reload();
        BOOST_TEST(line.starts_with("the configuration was read again and is refused, all stays as it was: " +
                                    setup.configFile()),
                   line);
        BOOST_TEST((line.find(named) != std::string::npos), line);
        waitUntil("the API says so", [&] { return lastRead()->has("error"); });
        BOOST_TEST((lastRead()->getValue<std::string>("error").find(named) != std::string::npos));
        BOOST_TEST(
            (api().show(mapping.id)->getValue<std::string>("url").find("127.0.0.1") != std::string::npos));
        BOOST_TEST(api().get("/api/v2/status").json()->getValue<int>("availablePorts") == 98);
    }
    setup.replaceConfig(good);
    reload("");
    BOOST_TEST(!lastRead()->has("error"));
}

BOOST_FIXTURE_TEST_CASE(WhatNeedsARestartIsKept, ReloadedConnector) {
    start();
    setup.set("api.port", setup.firstMappingPort() + 110).set("limits.open", 5000);
    BOOST_TEST(reload() == "the configuration was read again; changed: limits.open");
    connector().waitForLog("kept until a restart: api.port (" + std::to_string(setup.apiPort()) +
                           ", the file says " + std::to_string(setup.firstMappingPort() + 110) + ")");
    const auto kept = lastRead()->getArray("kept");
    BOOST_REQUIRE(kept->size() == 1U);
    BOOST_TEST(kept->getObject(0)->getValue<std::string>("key") == "api.port");
    BOOST_TEST(kept->getObject(0)->getValue<int>("value") == setup.apiPort());
    BOOST_TEST(kept->getObject(0)->getValue<int>("file") == setup.firstMappingPort() + 110);
    setup.set("api.port", setup.apiPort());
    reload("");
}

BOOST_AUTO_TEST_CASE(TheServiceManagerIsTold) {
    const ConnectorSetup setup;
    ServiceManager manager;
    Daemon connector("Connector", manager.managed(setup.command()));
    manager.waitFor("READY=1");
    writeFile(setup.configFile(), "{}");
    connector.process().signal(SIGHUP);
    BOOST_TEST((manager.waitFor("READY=1").find("ports: 0 ports are left") != std::string::npos));
    setup.command();
    connector.process().signal(SIGHUP);
    BOOST_TEST((manager.waitFor("READY=1").find("are left") == std::string::npos));
}

/// Bytes, relays and waiting agents outlive it, whatever changes meanwhile.
BOOST_DATA_TEST_CASE(TrafficFlowsThrough, kModes, mode) {
    constexpr int kReloads = 20;
    constexpr std::uint64_t kBytes = 32U << 20U;
    ReloadedConnector reloaded(mode);
    reloaded.start();
    const auto mapping = reloaded.api().addPublic();
    auto agent = reloaded.connector().agent(mapping.port1, mapping.passcode1);
    auto visitor = reloaded.connector().connect(mapping.port2);
    visitor.send("x");
    BOOST_TEST(agent.readExactly(1) == "x");
    auto waiting = reloaded.connector().agent(mapping.port1, mapping.passcode1);

    std::vector<std::future<void>> flows;
    const auto startFlows = [&] {
        flows.push_back(startSending(agent, 1, scaled(kBytes)));
        flows.push_back(startSending(visitor, 2, scaled(kBytes)));
        flows.push_back(startReceiving(agent, 2, scaled(kBytes)));
        flows.push_back(startReceiving(visitor, 1, scaled(kBytes)));
    };
    const auto endFlows = [&] {
        for (auto& flow : flows)
            flow.get();
        flows.clear();
    };
    startFlows();
    for (int number = 0; number < kReloads; ++number) {
        reloaded.setup.set("limits.relay-buffer", 16384 + 4096 * number)
            .set("limits.unsent", 65536 + number)
            .set("visitors.bandwidth", number % 2 == 0 ? 0 : 64 << 20);
        BOOST_TEST((reloaded.reload().find("limits.relay-buffer") != std::string::npos));
        if (number == kReloads / 2) {
            endFlows();
            startFlows();
        }
        const auto other = reloaded.api().addPublic();
        BOOST_TEST(reloaded.connector().serves(other));
        reloaded.api().remove(other.id);
    }
    endFlows();
    BOOST_TEST(areJoined(visitor, agent));
    auto second = reloaded.connector().connect(mapping.port2);
    BOOST_TEST(areJoined(second, waiting));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
