#include "Haproxy.h"
#include "AgentProgram.h"
#include "LogLines.h"
#include "ProxyHeaders.h"
#include "Skipping.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr const char* kVisitor = "127.0.0.5";
constexpr const char* kAgent = "127.0.0.6";

/// With room for HAProxy on the same ports.
const PipeOptions kBehindHaproxy{
    .settings = {{"pipes.bind", R"(["127.0.0.1"])"}, {"pipes.trusted-proxies", kProxyNetworks}}};

PipeClient visitorThrough(const OpenPipe& pipe) {
    return pipe.connector().connect(pipe.mapping().port2, {.from = kVisitor}, Haproxy::kHost);
}

PipeClient agentThrough(const OpenPipe& pipe, Side side) {
    return pipe.connector().agent(portOf(pipe, side), passcodeOf(pipe, side), {.from = kAgent},
                                  Haproxy::kHost);
}

Haproxy inFrontOf(const OpenPipe& pipe, const std::string& options) {
    return Haproxy({pipe.mapping().port1, pipe.mapping().port2}, options);
}

} // namespace

BOOST_AUTO_TEST_SUITE(BehindHaproxy)

BOOST_DATA_TEST_CASE(AgentIsToldOfTheVisitor, kModes* bdata::make({"send-proxy", "send-proxy-v2"}), mode,
                     version) {
    const OpenPublicPipe pipe(mode, kBehindHaproxy);
    const auto haproxy = inFrontOf(pipe, version);
    auto agent = Http2Peer(pipe.connector().connect(pipe.mapping().port1, {.from = kAgent}, Haproxy::kHost),
                           pipe.mapping().passcode1, PipeRole::Serves);
    for (int i = 0; i < 3; ++i) {
        auto visitor = visitorThrough(pipe);
        auto stream = agent.nextRequest();
        stream.answer();
        BOOST_TEST(stream.visitor() == std::string(kVisitor) + ":" + std::to_string(visitor.localPort()));
        BOOST_TEST(areJoined(visitor, stream));
    }
}

/// As ioFog's own are.
BOOST_DATA_TEST_CASE(AgentsOfPipe1ComeThroughIt, kModes, mode) {
    if (!Haproxy::isThere()) return skipTest("haproxy is not installed");
    const OpenPublicPipe pipe(mode, kBehindHaproxy);
    const auto haproxy = inFrontOf(pipe, "send-proxy-v2");
    auto agent = agentThrough(pipe, Side::Port1);
    BOOST_TEST(answersBeat(agent));
    auto visitor = visitorThrough(pipe);
    BOOST_TEST(areJoined(visitor, agent));
    const auto shown = pipe.api().get("/api/v2/mapping/" + pipe.mapping().id + "/connections").json();
    BOOST_TEST(shown->getArray("agents")->getObject(0)->getValue<std::string>("address") ==
               std::string(kAgent) + ":" + std::to_string(agent.localPort()));
}

/// Without TLS a proxy may put together what was written apart, as any router may.
BOOST_AUTO_TEST_CASE(BothSidesOfAPrivatePipeComeThroughIt) {
    if (!Haproxy::isThere()) return skipTest("haproxy is not installed");
    const OpenPrivatePipe pipe(Mode::Tls, kBehindHaproxy);
    const auto haproxy = inFrontOf(pipe, "send-proxy-v2");
    auto one = agentThrough(pipe, Side::Port1);
    auto other = agentThrough(pipe, Side::Port2);
    BOOST_TEST(answersBeat(one));
    BOOST_TEST(areJoined(one, other));
}

/// HAProxy finds that nobody is there, and then that somebody is, by its checks.
BOOST_DATA_TEST_CASE(ItsHealthChecksLeaveNoLine, kModes, mode) {
    if (!Haproxy::isThere()) return skipTest("haproxy is not installed");
    ConnectorSetup setup(mode);
    for (const auto& [key, json] : kBehindHaproxy.settings)
        setup.setJson(key, json);
    const auto mapping = addedBeforeStop(setup);
    const std::string kind = mode == Mode::Tls ? " check-ssl verify none" : "";
    const Haproxy haproxy({mapping.port1, mapping.port2},
                          "send-proxy-v2 check inter 100ms fall 1 rise 3" + kind);
    const ConnectorProcess connector(setup);
    const EchoTarget target;
    const AgentProgram agent(setup, {agentPipe(setup, mapping, {.localPort = target.port()})});
    waitUntil("HAProxy knows that Connector is there", [&] {
        try {
            auto visitor = connector.connect(mapping.port2, {.from = kVisitor}, Haproxy::kHost);
            visitor.send("hello");
            return visitor.readExactly(5) == "hello";
        } catch (const ConnectionLost&) {
            return false;
        }
    });
    for (const auto* text : {"127.0.0.9", " closed: "})
        BOOST_TEST(linesWith(connector, text) == 0U, text);
}

BOOST_DATA_TEST_CASE(ApiKnowsTheCaller, kModes, mode) {
    if (!Haproxy::isThere()) return skipTest("haproxy is not installed");
    ConnectorSetup setup(mode);
    setup.set("api.bind", "127.0.0.1").setJson("api.trusted-proxies", kProxyNetworks);
    setup.setJson("api.identities", R"([{"name":"home","network":"127.0.0.5/32"}])");
    const ConnectorProcess connector(setup);
    const Haproxy haproxy({setup.apiPort()}, "send-proxy-v2 check");
    for (const auto& [from, status] : {std::pair(kVisitor, "200"), {kAgent, "403"}}) {
        auto client = connector.connect(setup.apiPort(), {.from = from}, Haproxy::kHost);
        client.send("GET /api/v2/mapping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        BOOST_TEST(client.readToEnd().substr(9, 3) == status);
    }
    connector.waitForLog("api: 127.0.0.6 was turned away with 403");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
