#include "LogLines.h"
#include "ProxyHeaders.h"
#include "TestAgent.h"
#include "UpgradedConnector.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
constexpr const char* kHome = "203.0.113.7";
constexpr const char* kElsewhere = "198.51.100.7";

/// With a proxy that the pipes trust.
PipeOptions trusting(const std::map<std::string, int>& limits = {}) {
    return {.limits = limits, .settings = {{"pipes.trusted-proxies", kProxyNetworks}}};
}

/// A connection from the proxy that begins with this.
ConnectOptions proxied(const std::string& preface) {
    return {.from = kProxy, .preface = preface};
}

std::string addressOf(const PipeClient& client, const std::string& host) {
    return host + ":" + std::to_string(client.localPort());
}

/// The visitor that an agent of PIPE/2 is told of.
std::string visitorToldOf(const OpenPublicPipe& pipe, const ConnectOptions& options) {
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor(options);
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
    return stream.visitor() == addressOf(visitor, kProxy) ? "the proxy" : stream.visitor();
}

/// Closed, in TLS within the handshake.
bool isTurnedAway(const OpenPublicPipe& pipe, const ConnectOptions& options) {
    try {
        auto visitor = pipe.visitor(options);
        return isClosedUnanswered(visitor);
    } catch (const ConnectionLost&) {
        return true;
    }
}

/// A connection of plain TCP from the proxy, whatever the others speak.
PipeClient fromProxy(std::uint16_t port, const std::string& preface = "") {
    return PipeClient(Poco::Net::SocketAddress("127.0.0.1", port), proxied(preface));
}

} // namespace

BOOST_AUTO_TEST_SUITE(TrustedProxies)

BOOST_DATA_TEST_CASE(VisitorIsWhomTheHeaderNames, kModes, mode) {
    const OpenPublicPipe pipe(mode, trusting());
    BOOST_TEST(visitorToldOf(pipe, proxied(header::version1(kHome))) == "203.0.113.7:4711");
    BOOST_TEST(visitorToldOf(pipe, proxied(header::version2(kHome))) == "203.0.113.7:4711");
    BOOST_TEST(visitorToldOf(pipe, proxied(header::version1OfIPv6())) == "[2001:db8::7]:4711");
    BOOST_TEST(visitorToldOf(pipe, proxied(header::version2OfIPv6())) == "[2001:db8::7]:4711");
}

BOOST_DATA_TEST_CASE(ProxysOwnConnectionHasItsOwnAddress, kModes, mode) {
    const OpenPublicPipe pipe(mode, trusting());
    BOOST_TEST(visitorToldOf(pipe, proxied(header::unknown())) == "the proxy");
    BOOST_TEST(visitorToldOf(pipe, proxied(header::local())) == "the proxy");
}

BOOST_AUTO_TEST_CASE(HeaderMayComeInPieces) {
    const OpenPublicPipe pipe(Mode::Plain, trusting());
    auto agent = servingAgent(pipe);
    for (const auto& header : {header::version1(kHome), header::version2OfIPv6()}) {
        auto visitor = fromProxy(pipe.mapping().port2);
        for (const char byte : header)
            visitor.send({&byte, 1});
        auto stream = agent.nextRequest();
        stream.answer();
        BOOST_TEST(stream.visitor().ends_with(":4711"));
        BOOST_TEST(areJoined(visitor, stream));
    }
}

/// The listing of connections and the log have the same address.
BOOST_DATA_TEST_CASE(AgentIsWhomTheHeaderNames, kModes* bdata::make(kProtocols), mode, protocol) {
    const OpenPublicPipe pipe(mode, trusting());
    auto connection = pipe.connector().connect(pipe.mapping().port1, proxied(header::version2(kHome)));
    std::optional<Http2Peer> peer;
    if (protocol == AgentProtocol::Pipe1)
        authorize(connection, pipe.mapping().passcode1);
    else
        peer.emplace(std::move(connection), pipe.mapping().passcode1, PipeRole::Serves);
    pipe.waitFor("agentswaiting", 1);
    const auto shown = pipe.api().get("/api/v2/mapping/" + pipe.mapping().id + "/connections").json();
    BOOST_TEST(shown->getArray("agents")->getObject(0)->getValue<std::string>("address") ==
               "203.0.113.7:4711");
    auto stranger = pipe.connector().connect(pipe.mapping().port1, proxied(header::version1(kElsewhere)));
    stranger.send(std::string(pipe.mapping().passcode1.size(), '0'));
    pipe.connector().waitForLog("agent 198.51.100.7:4711 rejected: wrong passcode");
}

/// In TLS such a greeting is what any scanner may send.
BOOST_DATA_TEST_CASE(ConnectionWithoutAHeaderIsClosed, kModes, mode) {
    const OpenPublicPipe pipe(mode, trusting());
    for (const std::string& begin : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\x16\x03\x01\x02"),
                                     std::string("PROXY TCP4 203.0.113.7\r\n"), pipe.mapping().passcode1}) {
        auto visitor = fromProxy(pipe.mapping().port2, begin);
        BOOST_TEST(isClosedUnanswered(visitor));
        auto agent = fromProxy(pipe.mapping().port1, begin);
        BOOST_TEST(isClosedUnanswered(agent));
    }
    BOOST_TEST(isTurnedAway(pipe, {.from = kProxy, .preface = "not a header"}));
    waitForLine(pipe.connector(), "connection from proxy 127.0.0.9:[0-9]+ to port " +
                                      std::to_string(pipe.mapping().port2) +
                                      " closed: its PROXY header is wrong: neither \"PROXY \" nor the "
                                      "signature of version 2");
    BOOST_TEST(pipe.count("agentswaiting") == 0);
    BOOST_TEST(visitorToldOf(pipe, proxied(header::version1(kHome))) == "203.0.113.7:4711");
}

BOOST_DATA_TEST_CASE(HeaderMustComeInTime, kModes, mode) {
    const OpenPublicPipe pipe(mode, trusting({{"greeting-first-byte", 300}}));
    for (const auto port : {pipe.mapping().port1, pipe.mapping().port2}) {
        auto silent = fromProxy(port);
        auto slow = fromProxy(port, "PROXY TCP4 203.0");
        BOOST_TEST(isClosedUnanswered(silent));
        BOOST_TEST(isClosedUnanswered(slow));
    }
    pipe.connector().waitForLog("closed: no PROXY header came in time");
    pipe.connector().waitForLog("closed: its PROXY header did not come in time");
}

BOOST_AUTO_TEST_CASE(SoManyWaitForTheirHeaders) {
    const OpenPublicPipe pipe(Mode::Plain, trusting({{"proxy-headers", 2}, {"greeting-first-byte", kNever}}));
    std::vector<PipeClient> clients;
    for (int i = 0; i < 3; ++i)
        clients.push_back(fromProxy(pipe.mapping().port2));
    BOOST_TEST(isClosedUnanswered(clients.front()));
    pipe.connector().waitForLog("so many others wait for theirs (limits.proxy-headers)");
    clients.back().send(header::version1(kHome));
    auto agent = servingAgent(pipe);
    BOOST_TEST(agent.nextRequest().visitor() == "203.0.113.7:4711");
}

/// Whoever can say whom he is for could be anybody.
BOOST_AUTO_TEST_CASE(HeaderOfAnybodyElseIsPayload) {
    for (const auto* trusted : {kProxyNetworks, "[]"}) {
        const OpenPublicPipe pipe(Mode::Plain, {.settings = {{"pipes.trusted-proxies", trusted}}});
        auto agent = servingAgent(pipe);
        const auto payload = header::version1(kHome);
        const auto visitor = pipe.visitor({.from = "127.0.0.8", .preface = payload});
        auto stream = agent.nextRequest();
        BOOST_TEST(stream.visitor() == addressOf(visitor, "127.0.0.8"));
        BOOST_TEST(stream.readExactly(payload.size()) == payload);
        auto stranger =
            pipe.connector().connect(pipe.mapping().port1, {.from = "127.0.0.8", .preface = payload});
        BOOST_TEST(isClosedUnanswered(stranger));
    }
}

BOOST_DATA_TEST_CASE(HealthChecksAreNobodysVisitorsAndLeaveNoLine, kModes, mode) {
    const OpenPublicPipe pipe(mode, trusting());
    for (const auto port : {pipe.mapping().port1, pipe.mapping().port2})
        for (const auto& preface : {std::string(), header::unknown(), header::local()}) {
            fromProxy(port, preface).close();
            fromProxy(port, preface).abort();
        }
    // One that shakes hands, too.
    pipe.connector().connect(pipe.mapping().port1, proxied(header::local())).close();
    pipe.visitor(proxied(header::local())).close();
    pipe.waitFor("visitorswaiting", 0);
    BOOST_TEST(visitorToldOf(pipe, proxied(header::version1(kHome))) == "203.0.113.7:4711");
    BOOST_TEST(isTurnedAway(pipe, proxied("not a header")));
    pipe.connector().waitForLog("closed: its PROXY header is wrong");
    for (const auto* text : {"turned away", "rejected"})
        BOOST_TEST(linesWith(pipe.connector(), text) == 0U, text);
    BOOST_TEST(linesWith(pipe.connector(), " closed: ") == 1U);
}

BOOST_DATA_TEST_CASE(VisitorsAreBoundedByTheirOwnAddresses, kModes, mode) {
    OpenPublicPipe pipe(mode, trusting());
    const auto change = [&](const std::string& json) {
        const auto answer = pipe.api().tryChange(pipe.mapping().id, json);
        BOOST_TEST_REQUIRE(answer.status == 200, answer);
    };
    change(R"({"visitorsperaddress":1})");
    const auto first = pipe.visitor(proxied(header::version1(kHome)));
    const auto second = pipe.visitor(proxied(header::version2(kElsewhere)));
    pipe.waitFor("visitorswaiting", 2);
    BOOST_TEST(isTurnedAway(pipe, proxied(header::version2(kHome))));
    change(R"({"visitorsperaddress":0,"allow":["198.51.100.0/24"]})");
    BOOST_TEST(isTurnedAway(pipe, proxied(header::version2(kHome))));
    BOOST_TEST(isTurnedAway(pipe, proxied(header::version1OfIPv6())));
    pipe.connector().waitForLog("visitor 203.0.113.7:4711 turned away: its address may not visit");
    const auto third = pipe.visitor(proxied(header::version2(kElsewhere)));
    pipe.waitFor("visitorswaiting", 3);
}

BOOST_DATA_TEST_CASE(OneWithWrongPasscodesSlowsNobodyElse, kModes, mode) {
    const OpenPublicPipe pipe(mode, trusting({{"wrong-passcodes", 3},
                                              {"wrong-passcodes-within", kNever},
                                              {"wrong-passcode-pause", kNever},
                                              {"wrong-passcode-longest-pause", kNever}}));
    for (int i = 0; i < 3; ++i) {
        auto stranger = pipe.connector().connect(pipe.mapping().port1, proxied(header::version2(kHome)));
        stranger.send(std::string(pipe.mapping().passcode1.size(), '0'));
        BOOST_REQUIRE(isClosedUnanswered(stranger));
    }
    pipe.connector().waitForLog("too many wrong passcodes from 203.0.113.7: its connections wait");
    auto slowed = fromProxy(pipe.mapping().port1, header::version2(kHome) + pipe.mapping().passcode1);
    const auto agent = pipe.waitingAgent(proxied(header::version2(kElsewhere)));
    BOOST_TEST(slowed.isQuiet());
}

/// Strangers that say nothing, from many addresses, and from one more beside them.
BOOST_AUTO_TEST_CASE(NewcomersMakeRoomByTheirOwnAddresses) {
    const OpenPublicPipe pipe(Mode::Plain, trusting({{"authorizing", 2}, {"greeting-first-byte", kNever}}));
    auto first = fromProxy(pipe.mapping().port1, header::version1(kHome));
    auto second = fromProxy(pipe.mapping().port1, header::version1(kHome));
    const auto agent = pipe.waitingAgent(proxied(header::version1(kElsewhere)));
    pipe.connector().waitForLog("agent 203.0.113.7:4711 rejected: 2 others are still to be authorized");
}

BOOST_AUTO_TEST_CASE(TrustMayBeGivenAndTakenByAReload) {
    OpenPublicPipe pipe(Mode::Plain);
    const auto reload = [&](const std::string& networks) {
        const auto logged = linesWith(pipe.connector(), "changed: pipes.trusted-proxies");
        pipe.setup().setJson("pipes.trusted-proxies", networks).command();
        pipe.connector().process().signal(SIGHUP);
        waitUntil("the configuration was read again", [&] {
            return linesWith(pipe.connector(), "changed: pipes.trusted-proxies") == logged + 1;
        });
    };
    BOOST_TEST(visitorToldOf(pipe, {.from = kProxy}) == "the proxy");
    reload(kProxyNetworks);
    BOOST_TEST(visitorToldOf(pipe, proxied(header::version1(kHome))) == "203.0.113.7:4711");
    BOOST_TEST(isTurnedAway(pipe, {.from = kProxy, .preface = "hello"}));
    reload("[]");
    BOOST_TEST(visitorToldOf(pipe, {.from = kProxy}) == "the proxy");
}

BOOST_AUTO_TEST_CASE(WhoWaitsForItsHeaderIsServedBeyondAnUpgrade) {
    UpgradedConnector connector(Mode::Plain, {{"drain-silence", kNever}});
    connector.setup().setJson("pipes.trusted-proxies", kProxyNetworks).command();
    connector.first().process().signal(SIGHUP);
    connector.first().waitForLog("changed: pipes.trusted-proxies");
    const auto mapping = connector.api().addPublic();
    auto agent = connector.first().agent(mapping.port1, mapping.passcode1);
    auto visitor = fromProxy(mapping.port2, "PROXY ");
    connector.upgrade();
    visitor.send(header::version1(kHome).substr(6));
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
