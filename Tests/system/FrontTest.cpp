#include "Commands.h"
#include "ConnectorProcess.h"
#include "Fleet.h"
#include "Http2Peer.h"
#include "MetricsPage.h"
#include "PipeActions.h"
#include "ProxyHeaders.h"
#include "RunningApi.h"
#include "Waiting.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <future>
#include <string>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr std::uint16_t kMappingPorts = 20;
constexpr const char* kAgentsAlpn = "iofog-pipe/2";
/// unrecognized_name, fatal (RFC 8446, section 6).
const std::string kUnrecognizedName("\x15\3\3\0\2\2\x70", 7);
const std::string kPublicWithoutPorts = publicMappingWith("\"ports\":false");
const std::string kPrivateWithoutPorts = privateMapping().insert(1, "\"ports\":false,");
const std::string kAskForHealth = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

std::shared_ptr<const TlsSettings> tlsWith(const std::vector<std::string>& alpn) {
    return std::make_shared<TlsSettings>(
        TlsSettings::Options{.trustedFile = CertificateAuthority::shared().certificateFile(), .alpn = alpn});
}

std::string hostOf(const std::string& name) {
    return name + "." + kFrontDomain;
}

/// What OpenSSL says first when it asks for this name.
std::string clientHello(const std::string& serverName) {
    const auto settings = tlsWith({});
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(settings->context()), SSL_free);
    auto* const out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
    SSL_set_tlsext_host_name(ssl.get(), serverName.c_str());
    SSL_connect(ssl.get());
    char* bytes = nullptr;
    const auto length = BIO_get_mem_data(out, &bytes);
    return {bytes, static_cast<std::size_t>(length)};
}

/// A Connector with a front.
class Fronted {
  public:
    using Configure = std::function<void(ConnectorSetup&)>;

    explicit Fronted(const Configure& configure = [](ConnectorSetup&) {})
        : setup(Mode::Tls, kMappingPorts),
          front(static_cast<std::uint16_t>(setup.firstMappingPort() + kMappingPorts)),
          connector(configured(configure)), api(connector.api()) {}

    PipeClient visitor(const std::string& name, ConnectOptions options = {}) const {
        options.serverName = hostOf(name);
        return connector.connect(front, options);
    }

    /// Agents ask for whatever name: this one's.
    PipeClient stranger(ConnectOptions options = {}) const {
        options.tls = _agentsTls;
        options.serverName = "connector.example";
        return connector.connect(front, options);
    }

    Http2Peer agent(const std::string& passcode, PipeRole role = PipeRole::Serves,
                    const ConnectOptions& options = {}) const {
        return {stranger(options), passcode, role};
    }

    /// Who comes without TLS, or with what the test says for it.
    PipeClient raw(const std::string& from = "") const {
        return PipeClient(Poco::Net::SocketAddress("127.0.0.1", front), {.from = from});
    }

    AddedMapping add(const std::string& json) const { return parseAdded(api.tryAdd(json)); }

    void waitForArrivals(const std::string& kind, double expected) const {
        waitForMetric(api, "front_connections_total", {{"kind", kind}}, expected);
    }

    ConnectorSetup setup;
    const std::uint16_t front;
    ConnectorProcess connector;
    const ApiClient& api;

  private:
    ConnectorSetup& configured(const Configure& configure) {
        addFront(setup, front);
        configure(setup);
        return setup;
    }

    const std::shared_ptr<const TlsSettings> _agentsTls = tlsWith({kAgentsAlpn});
};

/// Whether what the visitor says arrives at the agent, and the answer at the visitor.
bool areJoined(PipeClient& visitor, Http2Peer& agent) {
    const std::string question = "question";
    visitor.send(question);
    auto stream = agent.nextRequest();
    stream.answer();
    return stream.readExactly(question.size()) == question && connector::test::areJoined(visitor, stream);
}

bool isApi(PipeClient client, const std::string& status = "200") {
    client.send(kAskForHealth);
    return client.readToEnd().starts_with("HTTP/1.1 " + status);
}

} // namespace

BOOST_AUTO_TEST_SUITE(OneFront)

BOOST_FIXTURE_TEST_CASE(VisitorsComeByIdAndByName, Fronted) {
    const auto mapping = add(publicMappingWith(R"("name":"web")"));
    auto agent = this->agent(mapping.passcode1);
    for (const auto& name : {mapping.id, std::string("web"), std::string("WEB")}) {
        auto visitor = this->visitor(name);
        BOOST_TEST(areJoined(visitor, agent), name);
    }
    waitForArrivals("visitor", 3);
    waitForArrivals("agent", 1);
}

BOOST_FIXTURE_TEST_CASE(NamesOfNobodyGetAnAlert, Fronted) {
    const auto secret = api.addPrivate();
    const auto removed = add(kPublicWithoutPorts);
    api.remove(removed.id);
    const std::vector<std::string> names{"web", "a.b", "", secret.id, removed.id, std::string(63, 'x')};
    for (const auto& name : names) {
        auto client = raw();
        client.send(clientHello(hostOf(name)));
        BOOST_TEST((client.readToEnd() == kUnrecognizedName), name);
    }
    waitForArrivals("unknown-name", static_cast<double>(names.size()));
    connector.waitForLog("closed: no mapping that is served has its name: a.b");
}

BOOST_FIXTURE_TEST_CASE(AllOthersAreTheApis, Fronted) {
    for (const auto& name : {hostOf("api"), hostOf("www"), kFrontDomain, std::string("localhost"),
                             std::string(), "web" + kFrontDomain, std::string("example.org")})
        BOOST_TEST(isApi(connector.connect(front, {.serverName = name})), name);
    waitForArrivals("api", 7);
    BOOST_TEST(isApi(connector.connect(setup.apiPort())), "its own port is open, too");
    auto plain = raw();
    plain.send(kAskForHealth);
    BOOST_TEST(plain.readToEnd() == "");
}

BOOST_AUTO_TEST_CASE(FrontMayBeTheApisPort) {
    const Fronted fronted([](ConnectorSetup& setup) {
        setup.set("front.port", setup.apiPort());
        setup.unset("api.bind");
    });
    const auto mapping = fronted.add(kPublicWithoutPorts);
    BOOST_TEST(mapping.port1 == fronted.setup.apiPort());
    BOOST_TEST(mapping.port2 == fronted.setup.apiPort());
    auto agent = Http2Peer(fronted.connector.connect(mapping.port1, {.tls = tlsWith({kAgentsAlpn})}),
                           mapping.passcode1, PipeRole::Serves);
    auto visitor = fronted.connector.connect(mapping.port2, {.serverName = hostOf(mapping.id)});
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_FIXTURE_TEST_CASE(AgentsOfAnyMappingAreFoundByTheirPasscodes, Fronted) {
    const auto first = add(kPublicWithoutPorts);
    const auto second = add(publicMappingWith(R"("name":"web")"));
    const auto secret = add(kPrivateWithoutPorts);
    auto agent1 = agent(first.passcode1);
    auto agent2 = agent(second.passcode1);
    auto visitor2 = visitor("web");
    auto visitor1 = visitor(first.id);
    BOOST_TEST(areJoined(visitor2, agent2));
    BOOST_TEST(areJoined(visitor1, agent1));
    auto opening = agent(secret.passcode1, PipeRole::Opens);
    auto serving = agent(secret.passcode2);
    auto call = opening.open("192.0.2.7:51234", "call");
    auto stream = serving.nextRequest();
    BOOST_TEST(stream.field(":authority") == secret.id + ":" + std::to_string(front));
    stream.answer();
    BOOST_TEST(call.status() == 200);
    BOOST_TEST(stream.readExactly(4) == "call");
    BOOST_TEST(connector::test::areJoined(call, stream));
}

BOOST_FIXTURE_TEST_CASE(AgentOfPipe1KeepsItsPort, Fronted) {
    const auto mapping = api.addPublic();
    BOOST_TEST(connector.isAuthorized(mapping.port1, mapping.passcode1));
    auto agent = stranger();
    agent.send(mapping.passcode1);
    BOOST_TEST(agent.readToEnd() == "", "it is no whole line");
    connector.waitForLog("its greeting was not complete after 1000 ms");
}

BOOST_FIXTURE_TEST_CASE(NewPasscodeHoldsAtTheFront, Fronted) {
    const auto mapping = add(kPublicWithoutPorts);
    const auto path = std::string(kMapping) + "/" + mapping.id + "/passcode";
    const auto next = api.post(path, R"({"overlap":60000})", kJson).field("passcode1");
    const auto withFormer = agent(mapping.passcode1);
    const auto withNew = agent(next);
    const auto last = api.post(path, R"({"overlap":0})", kJson).field("passcode1");
    BOOST_CHECK_THROW(agent(next), ConnectionLost);
    const auto withLast = agent(last);
}

BOOST_AUTO_TEST_CASE(WrongPasscodesSlowTheirAddressAndNoVisitors) {
    constexpr const char* kBadNode = "127.0.0.2";
    static constexpr int kNever = 600000;
    const Fronted fronted([](ConnectorSetup& setup) {
        setup.set("limits.wrong-passcodes", 3);
        setup.set("limits.wrong-passcodes-within", kNever);
        setup.set("limits.wrong-passcode-pause", kNever);
        setup.set("limits.wrong-passcode-longest-pause", kNever);
    });
    const auto mapping = fronted.add(kPublicWithoutPorts);
    for (int i = 0; i < 3; ++i) {
        auto stranger = fronted.stranger({.from = kBadNode});
        stranger.send("PIPE/2 " + std::string(36, '0') + "\n");
        BOOST_TEST(stranger.readToEnd() == "REFUSED wrong passcode\n");
    }
    fronted.connector.waitForLog("too many wrong passcodes from 127.0.0.2: its connections wait");
    auto slowed = fronted.raw(kBadNode);
    // Its ClientHello alone shows that it is an agent; there is no answer, not even TLS's.
    const auto settings = tlsWith({kAgentsAlpn});
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(settings->context()), SSL_free);
    SSL_set_fd(ssl.get(), slowed.descriptor());
    SSL_connect(ssl.get());
    auto agent = fronted.agent(mapping.passcode1);
    auto visitor = fronted.visitor(mapping.id, {.from = kBadNode});
    BOOST_TEST(areJoined(visitor, agent));
    BOOST_TEST(isApi(fronted.connector.connect(fronted.front, {.from = kBadNode})));
    BOOST_TEST(slowed.isQuiet());
}

BOOST_FIXTURE_TEST_CASE(MappingsWithoutPortsAreThereAgainAfterARestart, Fronted) {
    const auto mapping = add(publicMappingWith(R"("ports":false,"name":"web")"));
    BOOST_REQUIRE(connector.stop() == 0);
    const ConnectorProcess again(setup);
    Http2Peer agent(again.connect(front, {.tls = tlsWith({kAgentsAlpn})}), mapping.passcode1,
                    PipeRole::Serves);
    auto visitor = again.connect(front, {.serverName = hostOf("web")});
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_FIXTURE_TEST_CASE(WhatAMappingSaysOfItsVisitorsHoldsForNames, Fronted) {
    const auto mapping = add(
        publicMappingWith(R"("name":"web","alpn":["h2"],"visitorsperaddress":1,"deny":["127.0.0.5/32"])"));
    auto agent = this->agent(mapping.passcode1);
    auto visitor = this->visitor("web", {.tls = tlsWith({"http/1.1", "h2"})});
    BOOST_TEST(visitor.selectedProtocol() == "h2");
    BOOST_TEST(areJoined(visitor, agent));
    BOOST_CHECK_THROW(this->visitor("web"), ConnectionLost);
    BOOST_CHECK_THROW(this->visitor("web", {.from = "127.0.0.5"}), ConnectionLost);
    BOOST_CHECK_THROW(this->visitor("web", {.tls = tlsWith({"http/1.1"}), .from = "127.0.0.3"}),
                      ConnectionLost);
    connector.waitForLog("visitor 127.0.0.1");
    connector.waitForLog("visitor 127.0.0.5");
}

BOOST_FIXTURE_TEST_CASE(NewNameLeadsThereAtOnceAndTheFormerOneNowhere, Fronted) {
    const auto mapping = add(publicMappingWith(R"("name":"web")"));
    auto agent = this->agent(mapping.passcode1);
    BOOST_REQUIRE(api.tryChange(mapping.id, R"({"name":"shop"})").status == 200);
    auto visitor = this->visitor("shop");
    BOOST_TEST(areJoined(visitor, agent));
    auto former = raw();
    former.send(clientHello(hostOf("web")));
    BOOST_TEST((former.readToEnd() == kUnrecognizedName));
}

BOOST_FIXTURE_TEST_CASE(ClientHelloMayComeByteByByte, Fronted) {
    auto client = raw();
    for (const auto byte : clientHello(hostOf("web")))
        client.send(std::string(1, byte));
    BOOST_TEST((client.readToEnd() == kUnrecognizedName));
}

BOOST_AUTO_TEST_CASE(WhoSaysNothingIsClosedAndKeepsNobodyOut) {
    const Fronted fronted([](ConnectorSetup& setup) {
        setup.set("limits.front-connections", 4);
        setup.set("limits.greeting-first-byte", 500);
    });
    const auto mapping = fronted.add(kPublicWithoutPorts);
    auto agent = fronted.agent(mapping.passcode1);
    std::vector<PipeClient> silent;
    for (int i = 0; i < 20; ++i)
        silent.push_back(fronted.raw("127.0.0.2"));
    auto visitor = fronted.visitor(mapping.id);
    BOOST_TEST(areJoined(visitor, agent));
    for (auto& client : silent)
        BOOST_TEST(isClosedUnanswered(client));
    waitUntil("all have gone", [&] {
        const auto page = metricsOf(fronted.api);
        return page.value("front_connections_total", {{"kind", "crowded"}}) +
                   page.value("front_connections_total", {{"kind", "unspoken"}}) ==
               20;
    });
    BOOST_TEST(metricsOf(fronted.api).value("front_connections_total", {{"kind", "crowded"}}) >= 1);
}

/// Agents and visitors can't use up what callers of the API need.
BOOST_AUTO_TEST_CASE(ApiIsReachedWhenDescriptorsHaveRunOut) {
    static constexpr int kDescriptors = 4;
    const Fronted fronted([](ConnectorSetup& setup) {
        setup.set("limits.descriptors", kDescriptors);
        setup.set("limits.mapping-visitors", 2 * kDescriptors);
    });
    const auto mapping = fronted.add(kPublicWithoutPorts);
    auto agent = fronted.agent(mapping.passcode1);
    std::vector<PipeClient> visitors;
    for (int i = 1; i < kDescriptors; ++i)
        visitors.push_back(fronted.visitor(mapping.id));
    BOOST_CHECK_THROW(fronted.visitor(mapping.id), ConnectionLost);
    BOOST_CHECK_THROW(fronted.agent(mapping.passcode1), ConnectionLost);
    BOOST_TEST(isApi(fronted.connector.connect(fronted.front)));
    fronted.waitForArrivals("resources", 2);
    visitors.pop_back();
    waitUntil("there is a place again", [&] {
        try {
            fronted.visitor(mapping.id);
            return true;
        } catch (const ConnectionLost&) {
            return false;
        }
    });
}

BOOST_AUTO_TEST_CASE(ProxiesSayWhomTheyHaveTheirConnectionsFrom) {
    const Fronted fronted(
        [](ConnectorSetup& setup) { setup.setJson("front.trusted-proxies", kProxyNetworks); });
    const auto mapping = fronted.add(publicMappingWith(R"("name":"web")"));
    auto agent = fronted.agent(mapping.passcode1, PipeRole::Serves,
                               {.from = kProxy, .preface = header::version2("192.0.2.8")});
    auto visitor = fronted.visitor("web", {.from = kProxy, .preface = header::version1("192.0.2.7")});
    visitor.send("who");
    auto stream = agent.nextRequest();
    BOOST_TEST(stream.visitor() == "192.0.2.7:4711");
    BOOST_CHECK_THROW(fronted.visitor("web", {.from = kProxy}), ConnectionLost);
    BOOST_TEST(isApi(fronted.connector.connect(fronted.front,
                                               {.from = kProxy, .preface = header::version1("192.0.2.7")})));
}

BOOST_AUTO_TEST_CASE(AnyNumberThatHasSpokenWaitsForTheStart) {
    Fleet fleet(1, {.limits = {{"front-connections", 1}}, .hasFront = true});
    const auto mapping = parseAdded(fleet.api(0).tryAdd(kPublicWithoutPorts));
    const Poco::Net::SocketAddress front(fleet.host(0), mapping.port2);
    fleet.stop(0);
    auto lock = std::async(std::launch::async, [&] {
        fleet.ask("BEGIN; LOCK TABLE mapping IN ACCESS EXCLUSIVE MODE; SELECT pg_advisory_lock_shared(1);"
                  "SELECT pg_sleep(60)");
    });
    waitUntil("it is locked", [&] {
        return fleet.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1") == "1";
    });
    auto come = std::async(std::launch::async, [&] {
        sharedServer().awaitLockWaiter(fleet.database()); // its API answers already
        std::vector<PipeClient> visitors;
        for (int i = 0; i < 5; ++i)
            visitors.emplace_back(front).send(clientHello(hostOf(mapping.id)));
        const bool areSeen = isApi(PipeClient(front, {.tls = tlsWith({})}), "503"); // it has come behind them
        fleet.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
        return std::pair(areSeen, std::move(visitors));
    });
    fleet.start(0);
    auto [areSeen, visitors] = come.get();
    BOOST_TEST(areSeen);
    for (auto& visitor : visitors)
        BOOST_TEST(visitor.readExactly(1) == "\x16", "a record of TLS's handshake");
    BOOST_CHECK_THROW(lock.get(), std::runtime_error);
}

BOOST_FIXTURE_TEST_CASE(PortsOfAgentsSelectTheProtocolOfAgentsAndNoOther, Fronted) {
    const auto mapping = api.addPublic();
    const auto agent = connector.connect(mapping.port1, {.tls = tlsWith({kAgentsAlpn})});
    BOOST_TEST(agent.selectedProtocol() == kAgentsAlpn);
    auto other = connector.connect(mapping.port1, {.tls = tlsWith({"h2"})});
    BOOST_TEST(other.selectedProtocol() == "");
    authorize(other, mapping.passcode1);
}

BOOST_FIXTURE_TEST_CASE(ResumedSessionsLeadToWhomTheyAskFor, Fronted) {
    const auto web = add(publicMappingWith(R"("name":"web")"));
    const auto shop = add(publicMappingWith(R"("name":"shop")"));
    auto agentOfWeb = agent(web.passcode1);
    auto agentOfShop = agent(shop.passcode1);
    auto first = visitor("web");
    BOOST_TEST(areJoined(first, agentOfWeb));
    auto resumed = visitor("web", {.session = first.session()});
    BOOST_TEST(resumed.wasResumed());
    BOOST_TEST(areJoined(resumed, agentOfWeb));
    auto elsewhere = visitor("shop", {.session = first.session()});
    BOOST_TEST(areJoined(elsewhere, agentOfShop));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
