#include "Commands.h"
#include "MetricsPage.h"
#include "TestAgent.h"
#include "Waiting.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <Poco/JSON/Object.h>
#include <Poco/Timestamp.h>

#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

using Labels = MetricsPage::Labels;

constexpr const char* kMetrics = "/metrics";
const std::string kToken = "correct-horse-battery-staple-0123456789";

/// A Connector that knows one identity, and has a port for metrics.
struct WithPort {
    explicit WithPort(Mode mode) : setup(mode) {
        setup.setJson("api.identities", R"([{"name":"operator","token":")" + kToken + R"("}])");
        setup.setJson("exclude", "[\"" + std::to_string(port) + "\"]");
        setup.set("metrics.port", port);
        connector.emplace(setup);
    }

    ApiClient metrics() const { return ApiClient("127.0.0.1", port); }

    ConnectorSetup setup;
    const std::uint16_t port = setup.firstMappingPort();
    std::optional<ConnectorProcess> connector;
};

Labels ofMapping(const std::string& id, Labels others = {}) {
    others.emplace("id", id);
    return others;
}

Labels ofMapping(const OpenPipe& pipe, Labels others = {}) {
    return ofMapping(pipe.mapping().id, std::move(others));
}

std::int64_t timestampNow() {
    return Poco::Timestamp().epochMicroseconds() / 1000;
}

/// A visitor and an agent that have spoken with each other: 5 bytes from the visitor, 3 from the agent.
struct Conversation {
    Conversation(const OpenPublicPipe& pipe, AgentProtocol protocol)
        : agent(pipe, Side::Port1, protocol, PipeRole::Serves), visitor(pipe.visitor()) {
        visitor.send("hello");
        BOOST_TEST(agent.takeCall(5) == "hello");
        agent.channel().send("hi!");
        BOOST_TEST(visitor.readExactly(3) == "hi!");
    }

    TestAgent agent;
    PipeClient visitor;
};

} // namespace

BOOST_AUTO_TEST_SUITE(Metrics)

BOOST_DATA_TEST_CASE(AreForIdentities, kModes, mode) {
    const WithPort server(mode);
    ApiClient api("127.0.0.1", server.setup.apiPort(), httpsContext(mode));
    BOOST_TEST(api.get(kMetrics).isError(401));
    api.setToken(kToken);
    const auto answer = api.get(kMetrics);
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.headers.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    BOOST_TEST(MetricsPage(answer.text).value("build_info") == 1);
    BOOST_TEST(api.request("HEAD", kMetrics).text == "");
    BOOST_TEST(api.request("POST", kMetrics, "{}", ApiClient::kJson).isError(405));
}

BOOST_DATA_TEST_CASE(HaveAPortOfTheirOwn, kModes, mode) {
    const WithPort server(mode);
    const auto metrics = server.metrics();
    BOOST_TEST(metricsOf(metrics).value("ready") == 1);
    for (const auto* path : {"/api/v2/mapping", "/api/v2/status", "/health", "/"})
        BOOST_TEST(metrics.get(path).isError(404), path);
}

BOOST_AUTO_TEST_CASE(TheirPortIsCalledByItsNames) {
    const WithPort server(Mode::Plain);
    const auto statusFor = [&](const std::string& host) {
        auto client = server.connector->connect(server.port);
        client.send("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        return client.readToEnd().substr(9, 3);
    };
    BOOST_TEST(statusFor("localhost") == "200");
    BOOST_TEST(statusFor("127.0.0.1:1") == "200");
    BOOST_TEST(statusFor("rebound.example") == "403");
}

BOOST_AUTO_TEST_CASE(TheirPortIsNoOther) {
    ConnectorSetup setup;
    const auto refuses = [&](std::uint16_t port) {
        setup.set("metrics.port", port);
        return hasFailed(run(setup.command()), 78, {"metrics.port: " + std::to_string(port)});
    };
    BOOST_TEST(refuses(setup.firstMappingPort()));
    BOOST_TEST(refuses(setup.apiPort()));
}

BOOST_DATA_TEST_CASE(FollowAConversation, kModes* bdata::make(kProtocols), mode, protocol) {
    const OpenPublicPipe pipe(mode);
    const auto& api = pipe.api();
    const auto port1 = ofMapping(pipe, {{"port", "1"}});
    const auto port2 = ofMapping(pipe, {{"port", "2"}});
    BOOST_TEST(metricsOf(api).value("mapping_last_agent_timestamp_seconds", ofMapping(pipe)) == 0);
    {
        Conversation conversation(pipe, protocol);
        waitForMetric(api, "mapping_received_bytes_total", port1, 3);
        const auto page = metricsOf(api);
        BOOST_TEST(page.value("mapping_received_bytes_total", port2) == 5);
        BOOST_TEST(page.value("mapping_agents", port1) == 1);
        BOOST_TEST(page.value("mapping_agents_waiting", port1) == (protocol == AgentProtocol::Pipe2));
        BOOST_TEST(page.value("mapping_relays", ofMapping(pipe)) == 1);
        BOOST_TEST(page.value("mapping_visitors_total", ofMapping(pipe)) == 1);
        BOOST_TEST(page.value("mapping_visitors_waiting", ofMapping(pipe)) == 0);
        BOOST_TEST(page.value("mapping_visitor_wait_seconds_count", ofMapping(pipe)) == 1);
        BOOST_TEST(page.value("mapping_opening_seconds_count", ofMapping(pipe)) ==
                   (protocol == AgentProtocol::Pipe2));
        BOOST_TEST(page.value("mapping_last_agent_timestamp_seconds", ofMapping(pipe)) > 0);
    }
    waitForMetric(api, "mapping_agents", port1, 0);
    waitForMetric(api, "mapping_relays", ofMapping(pipe), 0);
    BOOST_TEST(metricsOf(api).value("mapping_received_bytes_total", port2) == 5);
}

BOOST_AUTO_TEST_CASE(CountBytesOfARelayThatGoesOn) {
    const OpenPublicPipe pipe(Mode::Plain);
    Conversation conversation(pipe, AgentProtocol::Pipe1);
    const auto port2 = ofMapping(pipe, {{"port", "2"}});
    for (int sent = 1; sent <= 3; ++sent) {
        conversation.visitor.send("hello");
        waitForMetric(pipe.api(), "mapping_received_bytes_total", port2, 5.0 * (1 + sent));
    }
}

BOOST_AUTO_TEST_CASE(HaveBothPortsOfAPrivateMapping) {
    const OpenPrivatePipe pipe(Mode::Plain);
    const auto port1 = ofMapping(pipe, {{"port", "1"}});
    const auto port2 = ofMapping(pipe, {{"port", "2"}});
    const auto agent = pipe.agent2();
    waitForMetric(pipe.api(), "mapping_agents", port2, 1);
    const auto page = metricsOf(pipe.api());
    BOOST_TEST(page.value("mapping_agents", port1) == 0);
    BOOST_TEST(!page.find("mapping_visitors_total", ofMapping(pipe)));
}

BOOST_AUTO_TEST_CASE(TellWhoIsRefused) {
    const OpenPublicPipe pipe(Mode::Plain, {.limits = {{"visitor-wait", 100}}});
    auto visitor = pipe.visitor();
    BOOST_TEST(isClosedUnanswered(visitor));
    const auto page = metricsOf(pipe.api());
    const auto refused = [&](const char* reason) {
        return page.value("mapping_visitors_refused_total", ofMapping(pipe, {{"reason", reason}}));
    };
    BOOST_TEST(refused("noagent") == 1);
    BOOST_TEST(refused("denied") == 0);
    BOOST_TEST(page.value("mapping_visitor_wait_seconds_count", ofMapping(pipe)) == 0);
}

BOOST_AUTO_TEST_CASE(TellHowLongAVisitorHasWaited) {
    const OpenPublicPipe pipe(Mode::Plain);
    auto visitor = pipe.visitor();
    visitor.send("hello");
    waitForMetric(pipe.api(), "mapping_visitors_waiting", ofMapping(pipe), 1);
    auto agent = pipe.agent1();
    BOOST_TEST(agent.readExactly(5) == "hello");
    const auto page = metricsOf(pipe.api());
    BOOST_TEST(page.value("mapping_visitor_wait_seconds_bucket", ofMapping(pipe, {{"le", "+Inf"}})) == 1);
    BOOST_TEST(page.value("mapping_visitor_wait_seconds_sum", ofMapping(pipe)) > 0);
}

BOOST_AUTO_TEST_CASE(TellWhyAgentsAreNotAuthorized) {
    const DoorPipe pipe(Mode::Plain, Door::PublicPort1,
                        {.limits = {{"greeting-first-byte", 100}}, .maxConnections = 1});
    auto wrong = pipe.stranger();
    wrong.send("00000000-0000-4000-8000-000000000000");
    BOOST_TEST(isClosedUnanswered(wrong));
    auto silent = pipe.stranger();
    BOOST_TEST(isClosedUnanswered(silent));
    pipe.stranger().close();
    for (const auto* reason : {"wrong-passcode", "timeout", "left"})
        waitForMetric(pipe.api(), "agents_rejected_total", {{"reason", reason}}, 1);
    BOOST_TEST(metricsOf(pipe.api()).value("agents_rejected_total", {{"reason", "no-place"}}) == 0);
}

BOOST_AUTO_TEST_CASE(CountHandshakes) {
    const OpenPublicPipe pipe(Mode::Tls, {.limits = {{"greeting-first-byte", 1000}, {"visitor-wait", 1000}}});
    const auto& api = pipe.api();
    const auto count = [&](const char* at, const char* result) {
        return metricsOf(api).value("tls_handshakes_total", {{"at", at}, {"result", result}});
    };
    const auto atApi = count("api", "done");
    BOOST_TEST(atApi > 0);
    BOOST_TEST(count("api", "done") == atApi + 1);
    {
        const auto visitor = pipe.visitor();
        waitForMetric(api, "tls_handshakes_total", {{"at", "pipes"}, {"result", "done"}}, 1);
    }
    PipeClient nonsense(Poco::Net::SocketAddress("127.0.0.1", pipe.mapping().port2));
    nonsense.send("GET / HTTP/1.1\r\n\r\n");
    waitForMetric(api, "tls_handshakes_total", {{"at", "pipes"}, {"result", "failed"}}, 1);
    PipeClient silent(Poco::Net::SocketAddress("127.0.0.1", pipe.mapping().port1));
    waitForMetric(api, "tls_handshakes_total", {{"at", "pipes"}, {"result", "abandoned"}}, 1);
}

BOOST_AUTO_TEST_CASE(CountRequests) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto mapping = api.addPublic();
    api.show(mapping.id);
    api.show(mapping.id);
    api.get("/api/v2/mapping/nobody");
    api.get("/nothing/here");
    api.request("BREW", "/health");
    const auto page = metricsOf(api);
    const auto count = [&](const char* endpoint, const char* method, const char* code) {
        return page.value("api_requests_total", {{"endpoint", endpoint}, {"method", method}, {"code", code}});
    };
    BOOST_TEST(count("/api/v2/mapping/add", "POST", "200") == 1);
    BOOST_TEST(count("/api/v2/mapping/{id}", "GET", "200") == 2);
    BOOST_TEST(count("/api/v2/mapping/{id}", "GET", "404") == 1);
    BOOST_TEST(count("other", "other", "404") == 1);
    BOOST_TEST(count("other", "other", "405") == 1);
    BOOST_TEST(page.value("database_commit_seconds_count") >= 1);
}

BOOST_AUTO_TEST_CASE(TellOfSoManyMappingsOneByOne) {
    ConnectorSetup setup;
    setup.set("metrics.mappings", 2);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    std::vector<AddedMapping> mappings;
    for (int i = 0; i < 4; ++i) {
        mappings.push_back(api.addPublic());
        const auto opened = timestampNow(); // by which it is older than the next one
        waitUntil("the next millisecond", [&] { return timestampNow() > opened; });
    }
    auto agent = connector.agent(mappings[3].port1, mappings[3].passcode1);
    auto visitor = connector.connect(mappings[3].port2);
    visitor.send("hello");
    BOOST_TEST(agent.readExactly(5) == "hello");

    const auto otherAt2 = ofMapping("other", {{"port", "2"}});
    auto page = metricsOf(api);
    BOOST_TEST(page.value("mappings") == 4);
    BOOST_TEST(page.value("mapping_agents", ofMapping("other", {{"port", "1"}})) == 1);
    BOOST_TEST(page.value("mapping_received_bytes_total", otherAt2) == 5);
    const std::vector<std::string> oldest{mappings[0].id, mappings[1].id, "other"};
    BOOST_TEST(page.valuesOf("mapping_relays", "id") == oldest, boost::test_tools::per_element());

    api.remove(mappings[3].id);
    page = metricsOf(api);
    BOOST_TEST(page.value("mapping_relays", ofMapping("other")) == 0);
    BOOST_TEST(page.value("mapping_received_bytes_total", otherAt2) == 5); // a counter never falls
}

BOOST_AUTO_TEST_CASE(EscapeLabels) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    const std::string label = R"(till "3" \n, {café})";
    Poco::JSON::Object settings;
    settings.set("type", "public");
    settings.set("maxconnections", 1);
    settings.set("heartbeatabsencethreshold", 0);
    settings.set("label", label);
    std::ostringstream json;
    settings.stringify(json);
    const auto mapping = connector.api().add(json.str());
    const auto page = metricsOf(connector.api());
    BOOST_TEST(page.value("mapping_relays", {{"id", mapping.id}, {"type", "public"}, {"label", label}}) == 0);
}

BOOST_AUTO_TEST_CASE(TellTheStateOfTheProcess) {
    ConnectorSetup setup(Mode::Tls);
    setup.set("threads", 2);
    const ConnectorProcess connector(setup);
    const auto before = metricsOf(connector.api());
    const auto mapping = connector.api().addPublic();
    const auto after = metricsOf(connector.api());
    for (const auto* loop : {"1", "2"})
        BOOST_TEST(after.value("event_loop_busy_seconds_total", {{"loop", loop}}) > 0);
    BOOST_TEST(after.value("descriptors") >= before.value("descriptors") + 2);
    BOOST_TEST(after.value("ports_free") == before.value("ports_free") - 2);
    BOOST_TEST(after.value("descriptors_limit") > 2);
    BOOST_TEST(after.value("tls_certificate_not_after_timestamp_seconds") >
               after.value("start_time_seconds"));
    BOOST_TEST(after.value("mappings_degraded") == 0);
    BOOST_TEST(after.value("database_writable") == 1);
    BOOST_TEST(after.value("buffered_bytes") == 0);
    BOOST_TEST(after.value("resident_memory_bytes") > 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
