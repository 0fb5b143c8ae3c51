#include "ConnectorProcess.h"
#include "PipeActions.h"
#include "ProxyHeaders.h"
#include "ReloadedConnector.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr const char* kHome = "203.0.113.7";
constexpr const char* kElsewhere = "198.51.100.7";
const std::string kToken = "correct-horse-battery-staple-0123456789";

/// An API that trusts a proxy, and knows callers by a network, by this machine's, and by a token.
ConnectorSetup& withProxy(ConnectorSetup& setup) {
    setup.setJson("api.trusted-proxies", kProxyNetworks);
    return setup.setJson("api.identities", R"([{"name":"home","network":"203.0.113.0/24"},
        {"name":"local","network":"127.0.0.0/8"},{"name":"ctl","token":")" +
                                               kToken + R"("}])");
}

std::string requestFor(const std::string& path, const std::string& headers = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n";
}

const std::string kList = requestFor("/api/v2/mapping");

/// The status of the answer; 0 when the connection was closed instead.
int statusOf(const ConnectorProcess& connector, const ConnectorSetup& setup, const ConnectOptions& options,
             const std::string& request = kList) {
    try {
        auto client = connector.connect(setup.apiPort(), options);
        client.send(request);
        const auto answer = client.readToEnd();
        return answer.empty() ? 0 : std::stoi(answer.substr(9, 3));
    } catch (const ConnectionLost&) {
        return 0;
    }
}

ConnectOptions proxied(const std::string& preface) {
    return {.from = kProxy, .preface = preface};
}

} // namespace

BOOST_AUTO_TEST_SUITE(ApiProxies)

BOOST_DATA_TEST_CASE(CallerIsWhomTheHeaderNames, kModes, mode) {
    ConnectorSetup setup(mode);
    const ConnectorProcess connector(withProxy(setup));
    for (const auto& header : {header::version1(kHome), header::version2(kHome)})
        BOOST_TEST(statusOf(connector, setup, proxied(header)) == 200);
    for (const auto& header :
         {header::version1(kElsewhere), header::version2(kElsewhere), header::version2OfIPv6()})
        BOOST_TEST(statusOf(connector, setup, proxied(header)) == 401);
    connector.waitForLog("api: 198.51.100.7 was turned away with 401");
    auto client = connector.connect(setup.apiPort(), proxied(header::version2(kHome)));
    const auto body = publicMapping();
    client.send("POST /api/v2/mapping/add HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                "Content-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    BOOST_TEST(client.readToEnd().substr(9, 3) == "200");
    connector.waitForLog("opened by home at 203.0.113.7");
}

/// Whoever comes through a proxy on this machine is not of this machine.
BOOST_DATA_TEST_CASE(ProxyLendsNobodyItsAddress, kModes, mode) {
    ConnectorSetup setup(mode);
    const ConnectorProcess connector(withProxy(setup));
    BOOST_TEST(statusOf(connector, setup, {.from = "127.0.0.8"}) == 200);
    for (const auto& header : {header::version1(kElsewhere), header::unknown(), header::local()}) {
        BOOST_TEST(statusOf(connector, setup, proxied(header)) == 401);
        BOOST_TEST(statusOf(connector, setup, proxied(header), requestFor("/health")) == 200);
        BOOST_TEST(statusOf(connector, setup, proxied(header),
                            requestFor("/api/v2/mapping", "Authorization: Bearer " + kToken + "\r\n")) ==
                   200);
    }
}

BOOST_DATA_TEST_CASE(ConnectionWithoutAHeaderIsClosed, kModes, mode) {
    ConnectorSetup setup(mode);
    const ConnectorProcess connector(withProxy(setup));
    BOOST_TEST(statusOf(connector, setup, {.from = kProxy}) == 0);
    connector.waitForLog("closed: its PROXY header is wrong: neither \"PROXY \" nor the signature");
}

BOOST_AUTO_TEST_CASE(HeaderOfAnybodyElseIsNoRequest) {
    ConnectorSetup setup;
    const ConnectorProcess connector(withProxy(setup));
    BOOST_TEST(statusOf(connector, setup, {.from = "127.0.0.8", .preface = header::version1(kHome)}) == 400);
}

BOOST_AUTO_TEST_CASE(HeaderMustComeInTime) {
    ConnectorSetup setup;
    withProxy(setup).set("limits.request-time", 300);
    const ConnectorProcess connector(setup);
    auto client = connector.connect(setup.apiPort(), proxied("PROXY TCP4"));
    BOOST_TEST(isClosedUnanswered(client));
    connector.waitForLog("closed: its PROXY header did not come in time");
}

BOOST_DATA_TEST_CASE(ConnectionsAreBoundedByTheirOwnAddresses, kModes, mode) {
    ConnectorSetup setup(mode);
    withProxy(setup).set("limits.api-connections-per-address", 1);
    const ConnectorProcess connector(setup);
    auto elsewhere = connector.connect(setup.apiPort(), proxied(header::version2(kElsewhere)));
    auto first = connector.connect(setup.apiPort(), proxied(header::version2(kHome)));
    auto second = connector.connect(setup.apiPort(), proxied(header::version1(kHome)));
    BOOST_TEST(isClosedUnanswered(first));
    connector.waitForLog("connection of 203.0.113.7 closed to make room for a new one");
    elsewhere.send(requestFor("/health"));
    BOOST_TEST(elsewhere.readToEnd().substr(9, 3) == "200");
}

BOOST_AUTO_TEST_CASE(TrustMayBeGivenAndTakenByAReload) {
    ReloadedConnector reloaded;
    withProxy(reloaded.setup).unset("api.trusted-proxies");
    reloaded.start();
    const auto status = [&](const std::string& preface) {
        return statusOf(reloaded.connector(), reloaded.setup, proxied(preface));
    };
    BOOST_TEST(status("") == 200);
    // What may wait for a header is kept back of the descriptors.
    const std::string changed = "api.trusted-proxies, limits.descriptors, limits.mapping-visitors";
    reloaded.setup.setJson("api.trusted-proxies", kProxyNetworks);
    reloaded.reload(changed);
    BOOST_TEST(status("") == 0);
    BOOST_TEST(status(header::version1(kHome)) == 200);
    BOOST_TEST(status(header::unknown()) == 401);
    reloaded.setup.unset("api.trusted-proxies");
    reloaded.reload(changed);
    BOOST_TEST(status("") == 200);
}

/// Without a header they are closed.
BOOST_AUTO_TEST_CASE(CommandsOfThisMachineMustNotBeTakenForAProxy) {
    for (const auto& [bind, networks] : {std::pair("::", R"(["127.0.0.0/8"])"),
                                         {"127.0.0.1", R"(["0.0.0.0/0"])"},
                                         {"192.0.2.5", R"(["192.0.2.0/24"])"},
                                         {"::1", R"(["::1/128"])"}}) {
        ConnectorSetup setup;
        withProxy(setup).set("api.bind", std::string(bind)).setJson("api.trusted-proxies", networks);
        const auto checked = run(setup.command({"--check"}));
        BOOST_TEST(checked.exitCode == 78, checked.output);
        BOOST_TEST(checked.output.find("from where the commands on this machine call the API") !=
                       std::string::npos,
                   checked.output);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
