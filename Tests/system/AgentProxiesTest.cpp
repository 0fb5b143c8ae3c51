#include "ContainerAgent.h"
#include "HostNames.h"
#include "SeveralConnectors.h"
#include "Skipping.h"
#include "TestTarget.h"
#include "Tinyproxy.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr const char* kNoTinyproxy = "tinyproxy is not installed";
constexpr const char* kPassword = "never-to-be-shown";

/// A public mapping, and the target that its visitors are to reach.
struct Service {
    explicit Service(Mode mode) : pipe(mode) {}

    /// proxy: null: the key is left out.
    Poco::JSON::Object::Ptr agent(const char* proxy = nullptr, const std::string& host = "127.0.0.1") {
        auto settings = agentPipe(pipe.setup(), pipe.mapping(),
                                  {.localPort = target.port(), .connections = 2, .hosts = {host}});
        if (proxy) settings->set("proxy", std::string(proxy));
        return settings;
    }

    /// A visitor and the target's end of its conversation.
    std::pair<PipeClient, PipeClient> visit() {
        auto visitor = pipe.visitor();
        visitor.send("hello"); // agents of PIPE/1 hear of it then
        auto server = target.accept();
        if (server.readExactly(5) != "hello" || !areJoined(visitor, server))
            throw std::runtime_error("the visitor is not joined to its target");
        return {std::move(visitor), std::move(server)};
    }

    std::uint16_t port() const { return pipe.mapping().port1; }
    std::string connectRequest(const std::string& host = "127.0.0.1") const {
        return "CONNECT " + host + ":" + std::to_string(port());
    }

    void waitForRequests(const Tinyproxy& proxy, std::size_t least) const {
        waitUntil("connections come through the proxy",
                  [&] { return proxy.requests(connectRequest()) >= least; });
    }

    OpenPublicPipe pipe;
    TestTarget target;
};

/// An agent whose environment has these variables.
std::vector<std::string> with(std::vector<std::string> variables) {
    variables.insert(variables.begin(), "/usr/bin/env");
    return variables;
}

/// More than anybody reads of it.
std::string withoutEnd(const std::string& answer) {
    std::string text;
    while (text.size() < 1024 * 1024)
        text += answer;
    return text;
}

bool isIn(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// A proxy, and what is behind it, played by the test.
struct PlayedProxy {
    /// The next connection, and the request that has come by it.
    std::pair<PipeClient, std::string> accept() {
        auto client = socket.accept();
        auto request = client.readThrough("\r\n\r\n");
        return {std::move(client), std::move(request)};
    }

    std::string url(const std::string& login = "") const {
        return "http://" + login + "127.0.0.1:" + std::to_string(socket.port());
    }
    std::string name() const { return "proxy 127.0.0.1:" + std::to_string(socket.port()); }

    TestTarget socket;
};

/// An agent of a Connector that isn't there, as all depends on what the proxy says.
struct LoneAgent {
    explicit LoneAgent(const std::vector<std::string>& launcher)
        : program(setup, {settings("connector.test")}, AgentProtocol::Pipe2, std::chrono::milliseconds(0),
                  launcher) {}

    explicit LoneAgent(const std::string& proxy, AgentProtocol protocol = AgentProtocol::Pipe2,
                       const std::string& host = "connector.test",
                       const std::vector<std::string>& launcher = {})
        : program(setup, {settings(host, proxy)}, protocol, std::chrono::milliseconds(0), launcher) {}

    Poco::JSON::Object::Ptr settings(const std::string& host, const std::optional<std::string>& proxy = {}) {
        AddedMapping mapping;
        mapping.port1 = 6000;
        mapping.passcode1 = "any-passcode";
        auto pipe = agentPipe(setup, mapping, {.localPort = target.port(), .hosts = {host}});
        if (proxy) pipe->set("proxy", *proxy);
        return pipe;
    }

    ConnectorSetup setup;
    TestTarget target;
    AgentProgram program;
};

} // namespace

BOOST_AUTO_TEST_SUITE(AgentProxies)

BOOST_DATA_TEST_CASE(ConnectorIsReachedThroughTinyproxy, kModes* bdata::make(kProtocols), mode, protocol) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    Service service(mode);
    const Tinyproxy proxy({.ports = {service.port()}, .login = std::string("user ") + kPassword});
    const auto url = proxy.url(std::string("user:") + kPassword + "@");
    AgentProgram agent(service.pipe.setup(), {service.agent(url.c_str())}, protocol);
    service.pipe.waitFor("agentswaiting", 2);
    service.visit();
    BOOST_TEST(proxy.requests(service.connectRequest()) >= 2U);
    BOOST_TEST(isIn(agent.log(), "through the proxy 127.0.0.1:"));
    BOOST_TEST(!isIn(agent.log(), kPassword));
}

/// The agent's node knows no names.
BOOST_DATA_TEST_CASE(ProxyLooksUpTheName, kProtocols, protocol) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    if (!HostNames::isPossible()) return skipTest("no mount namespaces");
    HostNames names;
    names.set({"127.0.0.1"});
    Service service(Mode::Plain);
    const Tinyproxy proxy({.ports = {service.port()}, .launcher = names.launcher()});
    AgentProgram agent(service.pipe.setup(), {service.agent(proxy.url().c_str(), HostNames::kName)},
                       protocol);
    service.pipe.waitFor("agentswaiting", 2);
    service.visit();
    BOOST_TEST(proxy.requests(service.connectRequest(HostNames::kName)) >= 2U);
}

BOOST_DATA_TEST_CASE(CertificateMustBeForTheHost, kProtocols, protocol) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    if (!HostNames::isPossible()) return skipTest("no mount namespaces");
    HostNames names;
    names.set({"127.0.0.1"});
    Service service(Mode::Tls);
    const Tinyproxy proxy({.ports = {service.port()}, .launcher = names.launcher()});
    const AgentProgram agent(service.pipe.setup(), {service.agent(proxy.url().c_str(), HostNames::kName)},
                             protocol);
    agent.waitForLog(HostNames::kName + (":" + std::to_string(service.port())) +
                     " through the proxy 127.0.0.1:");
    agent.waitForLog("TLS: certificate verify failed (hostname mismatch)");
}

/// localhost is in the certificate.
BOOST_DATA_TEST_CASE(AddressesOfProxyAndConnectorMayBeIpv6, kModes, mode) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    Service service(mode);
    const Tinyproxy proxy({.ports = {service.port()}, .host = "::1"});
    const AgentProgram agent(service.pipe.setup(), {service.agent(proxy.url().c_str(), "::1")});
    service.pipe.waitFor("agentswaiting", 2);
    service.visit();
    BOOST_TEST(proxy.requests(service.connectRequest("[::1]")) >= 2U);
}

BOOST_AUTO_TEST_CASE(EnvironmentNamesTheProxy) {
    for (const auto* variable : {"https_proxy=", "HTTPS_PROXY="}) {
        PlayedProxy proxy;
        const LoneAgent agent(with({variable + proxy.url(std::string("user:") + kPassword + "@")}));
        const auto [client, request] = proxy.accept();
        BOOST_TEST(request.starts_with("CONNECT connector.test:6000 HTTP/1.1\r\n"));
        agent.program.waitForLog("through the proxy 127.0.0.1:");
        BOOST_TEST(!isIn(agent.program.log(), kPassword));
    }
}

/// The agent looks for the address by itself then.
BOOST_AUTO_TEST_CASE(EnvironmentDoesNotCount) {
    const std::string proxy = "https_proxy=http://127.0.0.1:1";
    for (const auto& variables :
         {std::vector{proxy, std::string("no_proxy=other.example, test")},
          std::vector{proxy, std::string("NO_PROXY=*")},
          std::vector{std::string("https_proxy="), std::string("http_proxy=127.0.0.1:1")}}) {
        const LoneAgent agent(with(variables));
        agent.program.waitForLog("no address of connector.test was found");
    }
    const LoneAgent agent("", AgentProtocol::Pipe2, "connector.test", with({proxy}));
    agent.program.waitForLog("no address of connector.test was found");
}

BOOST_AUTO_TEST_CASE(NetworkingContainerTakesTheEnvironments) {
    PlayedProxy proxy;
    LocalApiServer api; // which isn't reached through the proxy
    api.setConfiguration(
        R"({"mode":"public","host":"connector.test","port":6000,"connectioncount":1,"passcode":"any-passcode",)"
        R"("localhost":"127.0.0.1","localport":1})");
    const Folder folder;
    auto command = ContainerAgent::command(folder.path("output.log"));
    command.words.push_back("--iofog=" + api.address());
    command.environment["https_proxy"] = proxy.url();
    const Daemon agent("container's agent", command);
    BOOST_TEST(proxy.accept().second.starts_with("CONNECT connector.test:6000 HTTP/1.1\r\n"));
}

BOOST_DATA_TEST_CASE(RefusalsOfTinyproxyAreLogged, kProtocols, protocol) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    const Tinyproxy open({.ports = {443}});
    const LoneAgent one(open.url(), protocol);
    one.program.waitForLog("does not connect to connector.test:6000: 403 Access violation");

    const Tinyproxy closed({.ports = {6000}, .login = std::string("user ") + kPassword});
    const LoneAgent stranger(closed.url(), protocol);
    stranger.program.waitForLog("407 Proxy Authentication Required; it asks for a user and a password");
    const LoneAgent wrong(closed.url("user:wrong-password@"), protocol);
    wrong.program.waitForLog("; it asks for another user or password");
    BOOST_TEST(!isIn(wrong.program.log(), "wrong-password"));
    const LoneAgent right(closed.url(std::string("user:") + kPassword + "@"), protocol, "127.0.0.1");
    right.program.waitForLog("does not connect to 127.0.0.1:6000: 500 Unable to connect");
}

BOOST_AUTO_TEST_CASE(SaysWhoItIs) {
    PlayedProxy proxy;
    const LoneAgent agent(proxy.url("us%40er:p%3Aass%25word@"));
    const auto [client, request] = proxy.accept();
    BOOST_TEST(request == "CONNECT connector.test:6000 HTTP/1.1\r\nHost: connector.test:6000\r\n"
                          "Proxy-Authorization: Basic dXNAZXI6cDphc3Mld29yZA==\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(WrongAnswersAreLogged) {
    const std::string refuses = " does not connect to connector.test:6000: ";
    const std::vector<std::pair<std::string, std::string>> answers{
        {"HTTP/1.1 503 No\x1b[31mway\r\n\r\n", refuses + "503 No?[31mway"},
        {"HTTP/1.1 502 " + std::string(500, 'x') + "\r\n\r\n",
         refuses + "502 " + std::string(100, 'x') + "..."},
        {"HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n",
         refuses + "407 No; it asks for NTLM, and nothing"},
        {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 403 No\r\n\r\n", refuses + "403 No"},
        {"HTTP/1.1 abc\r\n\r\n", refuses + "its answer is no HTTP: HTTP/1.1 abc"},
        {"SSH-2.0-OpenSSH_9.2\r\n", ": what answers is no HTTP proxy"},
        {"HTTP/1.1 200 OK\r\nX-Long: " + std::string(1024 * 1024, 'x'),
         ": its answer is longer than 8192 bytes"},
        {withoutEnd("HTTP/1.1 100 Continue\r\n\r\n"), ": its answer is longer than 8192 bytes"},
        {"HTTP/1.1 100 Continue\r\n\r\nSSH-2.0", ": what answers is no HTTP proxy"},
        {"HTTP/1.1 100 Continue\r\n\r\n", ": it closed the connection without an answer"},
        {"HTTP/1.1 200 OK\r\nX-Broken", ": it closed the connection without an answer"},
        {"", ": it closed the connection without an answer"},
    };
    for (const auto& [answer, logged] : answers) {
        PlayedProxy proxy;
        const LoneAgent agent(proxy.url());
        auto [client, request] = proxy.accept();
        client.sendNow(answer);
        client.finishSending();
        agent.program.waitForLog(proxy.name() + logged);
    }
}

/// That is the first reason, and not held back for having come behind the line that had none.
BOOST_DATA_TEST_CASE(SlowAnswersAreGivenUp, kProtocols, protocol) {
    PlayedProxy proxy;
    const LoneAgent agent(proxy.url(), protocol);
    auto [client, request] = proxy.accept();
    client.send("HTTP/1.1 200 O");
    agent.program.waitForLog("0 of 1 connections are ready\n");
    agent.program.waitForLog("0 of 1 connections are ready; the latest that failed: " + proxy.name() +
                             ": not connected in time");
    BOOST_TEST(client.readToEnd() == "");
}

/// A Connector that isn't awaited to answer may be as fast as its proxy.
BOOST_DATA_TEST_CASE(WhatComesBehindTheAnswerIsConnectors, bdata::make({"", "Via: 1.1 x\r\nX: y\r\n"}),
                     fields) {
    PlayedProxy proxy;
    const LoneAgent agent(proxy.url(), AgentProtocol::Pipe1);
    auto [client, request] = proxy.accept();
    client.send("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\nAUTHORIZED");
    BOOST_TEST(client.readExactly(12) == "any-passcode");
    agent.program.waitForLog("1 of 1 connections are ready");
}

/// They say that another answer follows (RFC 9110, section 15.2).
BOOST_DATA_TEST_CASE(AnswersBeforeTheFinalOneDoNotCount,
                     bdata::make({"HTTP/1.1 100 Continue\r\n\r\n",
                                  "HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.0 199\n\n"}),
                     before) {
    PlayedProxy proxy;
    const LoneAgent agent(proxy.url(), AgentProtocol::Pipe1);
    auto [client, request] = proxy.accept();
    client.send(std::string(before) + "HTTP/1.1 200 OK\r\n\r\nAUTHORIZED");
    agent.program.waitForLog("1 of 1 connections are ready");
}

BOOST_AUTO_TEST_CASE(AnswerMayComeByteByByte) {
    PlayedProxy proxy;
    const LoneAgent agent(proxy.url(), AgentProtocol::Pipe1);
    auto [client, request] = proxy.accept();
    sendByteByByte(client, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200\r\n\r\nAUTHORIZED");
    agent.program.waitForLog("1 of 1 connections are ready");
}

BOOST_DATA_TEST_CASE(ReloadChangesTheProxy, kModes* bdata::make(kProtocols), mode, protocol) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    Service service(mode);
    const Tinyproxy one({.ports = {service.port()}});
    const Tinyproxy other({.ports = {service.port()}});
    AgentProgram agent(service.pipe.setup(), {service.agent()}, protocol);
    service.pipe.waitFor("agentswaiting", 2);
    std::vector<std::pair<PipeClient, PipeClient>> visits;
    visits.push_back(service.visit());
    for (const auto* proxy : {&one, &other}) {
        agent.reload({service.agent(proxy->url().c_str())});
        service.waitForRequests(*proxy, 2);
        service.pipe.waitFor("agentswaiting", 2);
        visits.push_back(service.visit());
    }
    agent.reload({service.agent("")});
    service.pipe.waitFor("agentswaiting", 2);
    visits.push_back(service.visit());
    for (auto& [visitor, server] : visits)
        BOOST_TEST(areJoined(visitor, server));
}

BOOST_DATA_TEST_CASE(SeveralConnectorsMayBeBehindIt, kModes, mode) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    SeveralConnectors fleet(mode, 2);
    TestTarget target;
    const Tinyproxy proxy({.ports = {fleet.mapping().port1}});
    auto pipe = agentPipe(fleet.setup(), fleet.mapping(),
                          {.localPort = target.port(), .connections = 2, .hosts = fleet.addresses()});
    pipe->set("proxy", proxy.url());
    const AgentProgram agent(fleet.setup(), {pipe});
    for (std::size_t i = 0; i < 2; ++i) {
        fleet.waitFor(i, "agentswaiting", 2);
        auto visitor = fleet.connect(i, fleet.mapping().port2);
        auto server = target.accept();
        BOOST_TEST(areJoined(visitor, server));
    }
}

/// They have one address, the proxy's, and are two Connectors all the same: one that has nobody for a client
/// says nothing about the other.
BOOST_AUTO_TEST_CASE(PrivateClientsGoWhereTheOtherSideIs) {
    if (!Tinyproxy::isThere()) return skipTest(kNoTinyproxy);
    SeveralConnectors fleet(Mode::Plain, 2, SeveralConnectors::Type::Private, {{"visitor-wait", 1000}});
    TestTarget target;
    const PortBlock local;
    const Tinyproxy proxy({.ports = {fleet.mapping().port1, fleet.mapping().port2}});
    const auto pipe = [&](const AgentPipeOptions& options) {
        auto settings = agentPipe(fleet.setup(), fleet.mapping(), options);
        settings->set("proxy", proxy.url());
        return settings;
    };
    const AgentProgram called(
        fleet.setup(),
        {pipe({.role = "connect", .localPort = target.port(), .hosts = {fleet.addresses()[1]}})});
    fleet.waitFor(1, "agentswaitingport1", 1);
    const AgentProgram calling(fleet.setup(), {pipe({.side = Side::Port2,
                                                     .role = "listen",
                                                     .localPort = local.first(),
                                                     .hosts = fleet.addresses()})});
    fleet.waitFor(0, "agentswaitingport2", 1);
    fleet.waitFor(1, "agentswaitingport2", 1);
    for (int i = 0; i < 10; ++i) {
        PipeClient client(Poco::Net::SocketAddress("127.0.0.1", local.first()));
        client.send("hello");
        auto server = target.accept();
        BOOST_TEST(server.readExactly(5) == "hello");
        BOOST_TEST(areJoined(client, server));
    }
}

BOOST_AUTO_TEST_CASE(CheckDoesNotShowThePassword) {
    const Folder folder;
    const auto file =
        folder.write("agent.json", std::string(R"({"mode":"public","host":"connector.test","port":1,)") +
                                       R"("connectioncount":1,"passcode":"p","localhost":"a",)" +
                                       R"("localport":1,"proxy":"ftp://user:)" + kPassword + "@h\"}");
    const auto checked =
        run({{programPath("AGENT_BIN"), "--config=" + file, "--check"}, folder.path("output.log")});
    BOOST_TEST(checked.exitCode == 78);
    BOOST_TEST(isIn(checked.output, "proxy: what was given is not allowed; it must be http://HOST:PORT"));
    BOOST_TEST(!isIn(checked.output, kPassword));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
