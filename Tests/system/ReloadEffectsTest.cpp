#include "Commands.h"
#include "KernelSockets.h"
#include "LogLines.h"
#include "PipeActions.h"
#include "ReloadedConnector.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr const char* kList = "/api/v2/mapping";
constexpr int kNever = 600000;

std::string identityWith(const std::string& token) {
    return R"([{"name":"operator","token":")" + token + R"("}])";
}

struct Effects : ReloadedConnector {
    int statusWith(const std::string& token) {
        ApiClient client(api());
        client.setToken(token);
        return client.get(kList).status;
    }

    int statusAsHost(const std::string& host) {
        auto client = connector().connect(setup.apiPort());
        client.send("GET /api/v2/mapping HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        return std::stoi(client.readToEnd().substr(9, 3));
    }

    /// Of this many ports, and of those from there on.
    std::string ports(int count, int from = 0) const {
        const int first = setup.firstMappingPort() + from;
        return "[\"" + std::to_string(first) + "-" + std::to_string(first + count - 1) + "\"]";
    }

    int availablePorts() { return api().get("/api/v2/status").json()->getValue<int>("availablePorts"); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(ReloadEffects, Effects)

BOOST_AUTO_TEST_CASE(IdentitiesComeAndGo) {
    start();
    BOOST_TEST(statusWith("") == 200);
    setup.setJson("api.identities", identityWith("first-0123456789"));
    reload("api.identities");
    BOOST_TEST(statusWith("") == 401);
    BOOST_TEST(statusWith("first-0123456789") == 200);
    setup.setJson("api.identities", identityWith("second-0123456789"));
    reload("api.identities");
    BOOST_TEST(statusWith("first-0123456789") == 401);
    BOOST_TEST(statusWith("second-0123456789") == 200);
    setup.set("api.anonymous", true);
    reload("api.anonymous");
    BOOST_TEST(statusWith("") == 200);
    BOOST_TEST((connector().log().find("-0123456789") == std::string::npos), "tokens are not logged");
}

/// What is refused to an identity that was not there at the start has a log of its own.
BOOST_AUTO_TEST_CASE(NewIdentitiesAreRefusedLikeOthers) {
    start();
    setup.setJson("api.identities", R"([{"name":"newcomer","network":"127.0.0.1/32"}])");
    reload("api.identities");
    BOOST_TEST(api().tryAdd("{}").status == 400);
    waitForLine(connector(), "by newcomer at 127.0.0.1 was refused with 400");
}

BOOST_AUTO_TEST_CASE(HostsAndAddressAreAccepted) {
    start();
    const auto mapping = api().addPublic();
    BOOST_TEST(statusAsHost("connector.internal") == 403);
    setup.setJson("api.hosts", R"(["connector.internal"])").set("address", "new.example");
    reload("address, api.hosts");
    BOOST_TEST(statusAsHost("connector.internal") == 200);
    BOOST_TEST(statusAsHost("new.example") == 200);
    BOOST_TEST(
        (api().show(mapping.id)->getValue<std::string>("url").find("//new.example:") != std::string::npos));
    setup.unset("api.hosts");
    reload("api.hosts");
    BOOST_TEST(statusAsHost("connector.internal") == 403);
}

BOOST_AUTO_TEST_CASE(LimitsOfVisitorsAndAgents) {
    setup.set("limits.visitor-wait", kNever).set("limits.greeting-first-byte", kNever);
    start();
    const auto mapping = api().addPublic();
    auto patient = connector().connect(mapping.port2);
    api().waitForCount(mapping.id, "visitorswaiting", 1);
    setup.set("limits.visitor-wait", 100).set("limits.greeting-first-byte", 100);
    reload("limits.greeting-first-byte, limits.visitor-wait");
    auto visitor = connector().connect(mapping.port2);
    BOOST_TEST(isClosedUnanswered(visitor));
    auto agent = connector().connect(mapping.port1);
    BOOST_TEST(isClosedUnanswered(agent));
    BOOST_TEST(patient.isQuiet());
}

/// Those who are there stay; only for newcomers there are fewer places.
BOOST_AUTO_TEST_CASE(FewerMayWait) {
    setup.set("limits.visitor-wait", kNever);
    start();
    const auto mapping = api().addPublic();
    std::vector<PipeClient> waiting;
    for (int number = 0; number < 5; ++number)
        waiting.push_back(connector().connect(mapping.port2));
    api().waitForCount(mapping.id, "visitorswaiting", 5);
    setup.set("limits.waiting-visitors", 2);
    reload("limits.waiting-visitors");
    for (int number = 0; number < 3; ++number) {
        auto late = connector().connect(mapping.port2, {.from = "127.0.0.2"});
        BOOST_TEST(isClosedUnanswered(late));
    }
    BOOST_TEST(api().count(mapping.id, "visitorswaiting") == 5);
}

BOOST_AUTO_TEST_CASE(LimitsOfTheApi) {
    start();
    const std::string body(2000, ' ');
    BOOST_TEST(api().tryAdd(publicMapping() + body).status == 200);
    setup.set("limits.request-body", 1024);
    reload("limits.request-body");
    BOOST_TEST(api().tryAdd(publicMapping() + body).isError(413));
}

BOOST_AUTO_TEST_CASE(DescriptorsOfPipes) {
    setup.set("limits.descriptors", 1000);
    start();
    api().addPublic();
    setup.set("limits.descriptors", 3).set("limits.mapping-visitors", 500);
    reload("limits.descriptors");
    BOOST_TEST(api().get("/api/v2/status").json()->getValue<int>("descriptors") == 3);
    BOOST_TEST(api().tryAdd(publicMapping()).isError(507));
    setup.set("limits.descriptors", 1000);
    reload("limits.descriptors");
    BOOST_TEST(connector().serves(api().addPublic()));
}

BOOST_AUTO_TEST_CASE(OptionsOfPortsThatAreOpen) {
    start();
    const auto mapping = api().addPublic();
    constexpr int kBuffer = 32768;
    setup.set("limits.kernel-buffer", kBuffer);
    reload("limits.kernel-buffer");
    const auto visitor = connector().connect(mapping.port2);
    api().waitForCount(mapping.id, "visitorswaiting", 1);
    BOOST_TEST(socketMemory(mapping.port2, visitor.localPort()).mostReceived == 2U * kBuffer);
}

BOOST_AUTO_TEST_CASE(PortsGrowAndShrink) {
    setup.setJson("ports", ports(2));
    start();
    const auto first = api().addPublic();
    BOOST_TEST(api().tryAdd(publicMapping()).isError(507));
    setup.setJson("ports", ports(4));
    reload("ports");
    const auto second = api().addPublic();
    BOOST_TEST(connector().serves(second));
    BOOST_TEST(api().tryAdd(publicMapping()).isError(507));

    setup.setJson("ports", ports(2, 4));
    reload("ports");
    BOOST_TEST(connector().serves(first), "what is open stays so");
    BOOST_TEST(availablePorts() == 2);
    api().remove(first.id);
    BOOST_TEST(availablePorts() == 2, "its ports are not used again");

    setup.setJson("ports", ports(6)).setJson("exclude", ports(1, 5));
    reload("exclude, ports");
    BOOST_TEST(availablePorts() == 3, "but for those that the second one has");
}

BOOST_AUTO_TEST_CASE(LevelAndFileOfTheLog) {
    setup.set("log.level", "information");
    start();
    api().get(kList);
    BOOST_TEST(linesWith(connector(), "Debug") == 0U);
    setup.set("log.level", "debug");
    reload("log.level");
    api().get(kList);
    connector().waitForLog("Debug api: GET");

    const auto moved = setup.folder().path("moved.log");
    setup.set("log.file", moved);
    setup.command();
    connector().process().signal(SIGHUP);
    const auto says = [&](const std::string& text) {
        return std::filesystem::exists(moved) && readFile(moved).find(text) != std::string::npos;
    };
    waitUntil("the new file has it", [&] { return says("changed: log.file"); });
    setup.unset("log.file");
    reload("log.file");
    api().get("/api/v2/status");
    connector().waitForLog("Debug api: GET /api/v2/status");
    BOOST_TEST(!says("GET /api/v2/status"));
}

/// As with PATCH, what a mapping says itself comes first.
BOOST_AUTO_TEST_CASE(WhatMappingsHaveThatSayNothing) {
    start();
    const auto mapping = api().addPublic();
    const auto own = api().add(publicMappingWith(R"("visitorsperaddress":5)"));
    auto first = connector().connect(mapping.port2);
    api().waitForCount(mapping.id, "visitorswaiting", 1);
    setup.set("visitors.visitorsperaddress", 1);
    reload("visitors.visitorsperaddress");
    auto second = connector().connect(mapping.port2);
    BOOST_TEST(isClosedUnanswered(second));
    BOOST_TEST(first.isQuiet());
    BOOST_TEST(api().count(mapping.id, "visitorsperaddress") == 1);
    BOOST_TEST(api().count(own.id, "visitorsperaddress") == 5);
}

BOOST_AUTO_TEST_CASE(RelaysThatRunAreBounded) {
    start();
    const auto mapping = api().addPublic();
    auto agent = connector().agent(mapping.port1, mapping.passcode1);
    auto visitor = connector().connect(mapping.port2);
    visitor.send("x");
    BOOST_TEST(agent.readExactly(1) == "x");
    setup.set("visitors.relayidle", 50);
    reload("visitors.relayidle");
    BOOST_TEST(visitor.readToEnd() == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ReloadTls)

BOOST_AUTO_TEST_CASE(AnotherCertificateIsShown) {
    ReloadedConnector reloaded(Mode::Tls);
    reloaded.start();
    const auto mapping = reloaded.api().addPublic();
    const auto other = CertificateAuthority::shared().issue(reloaded.setup.folder(), "other");
    reloaded.setup.set("tls.certificate", other.certificateFile).set("tls.key", other.keyFile);
    reloaded.reload("tls.certificate, tls.key");
    for (const auto port : {reloaded.setup.apiPort(), mapping.port2})
        BOOST_TEST(reloaded.connector().connect(port).serverCommonName() == "other");

    reloaded.setup.set("limits.open", 7);
    for (const auto& wrong : {reloaded.setup.serverCertificate().keyFile, std::string("missing.key")}) {
        reloaded.setup.set("tls.key", wrong);
        const auto line = reloaded.reload();
        for (const auto& named : {std::string("is refused"), std::string("tls.key: "), wrong})
            BOOST_TEST((line.find(named) != std::string::npos), line);
    }
    BOOST_TEST(reloaded.connector().connect(mapping.port2).serverCommonName() == "other");
}

BOOST_AUTO_TEST_CASE(ClientCertificatesAreAskedForFromThenOn) {
    ReloadedConnector reloaded(Mode::Tls);
    const auto client = CertificateAuthority::shared().issue(reloaded.setup.folder(), "client");
    reloaded.setup.setJson("api.identities", identityWith("first-0123456789"));
    reloaded.start();
    const ApiClient withCertificate("127.0.0.1", reloaded.setup.apiPort(), httpsContext(Mode::Tls, client));
    BOOST_TEST(withCertificate.get(kList).status == 401);
    reloaded.setup
        .setJson("api.identities",
                 R"([{"name":"controller","certificate":")" + client.fingerprint() + R"("}])")
        .set("tls.controllers-ca", CertificateAuthority::shared().certificateFile());
    reloaded.reload("api.identities, tls.controllers-ca");
    BOOST_TEST(withCertificate.get(kList).status == 200);
    BOOST_TEST(reloaded.api().get(kList).status == 403);
    reloaded.setup.setJson("api.identities", identityWith("first-0123456789")).unset("tls.controllers-ca");
    reloaded.reload("api.identities, tls.controllers-ca");
    BOOST_TEST(withCertificate.get(kList).status == 401);
}

BOOST_AUTO_TEST_CASE(PlainVisitorsAreTurnedAwayAndServedAgain) {
    ReloadedConnector reloaded(Mode::Tls);
    reloaded.setup.set("pipes.allow-plain-visitors", true);
    reloaded.start();
    const auto mapping = reloaded.api().add(publicMappingWith(R"("visitortls":false)"));
    const auto state = [&] { return reloaded.api().show(mapping.id)->getValue<std::string>("state"); };
    const auto visitor = [&] { return PipeClient(Poco::Net::SocketAddress("127.0.0.1", mapping.port2)); };
    auto agent = reloaded.connector().agent(mapping.port1, mapping.passcode1);
    auto joined = visitor();
    BOOST_TEST(areJoined(joined, agent));

    reloaded.setup.set("pipes.allow-plain-visitors", false);
    reloaded.reload("pipes.allow-plain-visitors");
    BOOST_TEST(state() == "degraded");
    reloaded.connector().waitForLog(mapping.id + " is degraded, its visitors are turned away");
    auto late = visitor();
    BOOST_TEST(isClosedUnanswered(late));
    BOOST_TEST(areJoined(joined, agent), "who is there stays");

    reloaded.setup.set("pipes.allow-plain-visitors", true);
    reloaded.reload("pipes.allow-plain-visitors");
    BOOST_TEST(state() != "degraded");
    reloaded.connector().waitForLog(mapping.id + " serves its visitors again");
    auto second = reloaded.connector().agent(mapping.port1, mapping.passcode1);
    auto again = visitor();
    BOOST_TEST(areJoined(again, second));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
