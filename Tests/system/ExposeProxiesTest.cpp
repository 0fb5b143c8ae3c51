#include "Commands.h"
#include "ConnectorProcess.h"
#include "ExposeProgram.h"
#include "HostNames.h"
#include "Skipping.h"
#include "TargetServer.h"
#include "TestTarget.h"
#include "Tinyproxy.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr const char* kNoTinyproxy = "tinyproxy is not installed";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// `expose` with this server and proxy, which has not come far.
struct Turned {
    Turned(const std::string& server, const std::string& proxy)
        : expose({"8080", "--server=" + server}, {{"https_proxy", proxy}}) {}

    void check(const std::string& text) {
        const int exitCode = expose.process().waitForExit();
        BOOST_TEST(exitCode == kUnavailable, expose.log());
        BOOST_TEST(has(expose.log(), text), expose.log());
    }

    ExposeProgram expose;
};

} // namespace

BOOST_AUTO_TEST_SUITE(ExposeProxies)

/// A request is the same whatever is spoken through the proxy.
BOOST_DATA_TEST_CASE(TheProxyIsAskedAsForPipes, bdata::make({"http", "https"}), scheme) {
    const std::vector<std::pair<std::string, std::string>> places{
        {"[2001:db8::1]:8443", "[2001:db8::1]:8443"},
        {"connector.test", std::string("connector.test:") + (scheme == std::string("http") ? "80" : "443")}};
    for (const auto& [place, target] : places) {
        TestTarget proxy;
        const auto address = "127.0.0.1:" + std::to_string(proxy.port());
        Turned turned(std::string(scheme) + "://" + place, "http://" + address);
        auto client = proxy.accept();
        BOOST_TEST(client.readThrough("\r\n\r\n") ==
                   "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n");
        client.send("HTTP/1.1 403 Filtered\r\n\r\n");
        turned.check("proxy " + address + " does not connect to " + target + ": 403 Filtered; https_proxy");
    }
}

BOOST_AUTO_TEST_CASE(WhatIsNoProxyIsSaid) {
    for (const auto& [answer, said] : std::vector<std::pair<std::string, std::string>>{
             {"SSH-2.0-OpenSSH_9.2\r\n", "what answers is no HTTP proxy"},
             {"HTTP/1.1 200 OK\r\n", "it closed the connection without an answer"}}) {
        TestTarget proxy;
        const auto address = "127.0.0.1:" + std::to_string(proxy.port());
        Turned turned("https://connector.test", "http://" + address);
        auto client = proxy.accept();
        client.readThrough("\r\n\r\n");
        client.send(answer);
        client.finishSending();
        turned.check("proxy " + address + ": " + said);
    }
}

BOOST_AUTO_TEST_CASE(RefusalsOfTinyproxyAreSaid) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    const std::string server = "https://connector.test";
    const Tinyproxy filter({.ports = {8443}});
    Turned(server, filter.url()).check("does not connect to connector.test:443: 403 ");
    const Tinyproxy closed({.ports = {443}, .login = "user secret-word"});
    Turned(server, closed.url())
        .check("407 Proxy Authentication Required; it asks for a user and a password; https_proxy in the "
               "environment names it");
    Turned wrong(server, closed.url("user:wrong-password@"));
    wrong.check("; it asks for another user or password");
    BOOST_TEST(!has(wrong.expose.log(), "wrong-password"));
}

BOOST_DATA_TEST_CASE(AProxyIsOnTheWayToBothApiAndMapping, kModes, mode) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    if (!HostNames::isPossible()) return skipTest("no mount namespaces");
    ConnectorSetup setup(mode, 2);
    withOperator(setup).set("address", HostNames::kName);
    if (mode == Mode::Tls) {
        const auto certificate = CertificateAuthority::shared().issueWith(
            setup.folder(), "named", std::string("DNS:") + HostNames::kName + ",IP:127.0.0.1");
        setup.set("tls.certificate", certificate.certificateFile).set("tls.key", certificate.keyFile);
    }
    const ConnectorProcess connector(setup);
    HostNames names; // which the proxy knows alone
    names.set({"127.0.0.1"});
    const auto port = setup.firstMappingPort();
    const Tinyproxy proxy({.ports = {setup.apiPort(), port, static_cast<std::uint16_t>(port + 1)},
                           .login = "user secret-word",
                           .launcher = names.launcher()});
    const LineServer target;
    const auto place = HostNames::kName + (":" + std::to_string(setup.apiPort()));
    auto words = serverOf(setup);
    words[1] = (mode == Mode::Tls ? "https://" : "http://") + place;
    words.insert(words.begin(), std::to_string(target.port()));
    ExposeProgram expose(words, {{"https_proxy", proxy.url("user:secret-word@")}});
    auto visitor = connector.connect(expose.port());
    BOOST_TEST(visitor.readThrough("\n") == LineServer::kGreeting);
    visitor.finishSending();
    BOOST_TEST(expose.process().stop(SIGTERM) == 0, expose.log());
    BOOST_TEST(!has(expose.log(), "secret-word"), expose.log());
    BOOST_TEST(proxy.requests("CONNECT " + place) >= 1U);
    BOOST_TEST(jsonOf(setup, {"mapping", "list"})->getArray("mappings")->size() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
