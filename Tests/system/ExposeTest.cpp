#include "Commands.h"
#include "ConnectorProcess.h"
#include "ExposeProgram.h"
#include "TargetServer.h"
#include "TestTarget.h"

#include <Poco/Net/SecureStreamSocket.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

namespace connector::test {

namespace {

/// A Connector that runs, with the token of an identity in TLS mode.
struct Server {
    /// Its ports are for IPv4 and IPv6, as they are unless it is said.
    explicit Server(Mode mode = Mode::Plain)
        : setup(mode), connector(withOperator(setup).unset("pipes.bind")) {}

    ConnectorSetup setup;
    ConnectorProcess connector;
};

std::string textOf(std::uint16_t port) {
    return std::to_string(port);
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// A visitor is greeted by a LineServer, and answered.
bool isServed(const ConnectorProcess& connector, std::uint16_t port) {
    auto visitor = connector.connect(port);
    if (visitor.readThrough("\n") != LineServer::kGreeting) return false;
    visitor.send("hello\n");
    return visitor.readThrough("\n") == "you said: hello\n";
}

/// What a visitor is greeted with who comes by this name.
std::string greetingAt(std::uint16_t front, const std::string& name) {
    Poco::Net::Context::Params params;
    params.verificationMode = Poco::Net::Context::VERIFY_NONE;
    const Poco::Net::Context::Ptr context =
        new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, params);
    Poco::Net::SecureStreamSocket socket(context);
    socket.setPeerHostName(name);
    socket.connect(Poco::Net::SocketAddress("127.0.0.1", front));
    std::string greeting(std::string(LineServer::kGreeting).size(), '\0');
    socket.setReceiveTimeout(Poco::Timespan(kPatience.count(), 0));
    for (std::size_t at = 0; at < greeting.size();) {
        const int received =
            socket.receiveBytes(greeting.data() + at, static_cast<int>(greeting.size() - at));
        if (received <= 0) return greeting.substr(0, at);
        at += static_cast<std::size_t>(received);
    }
    return greeting;
}

/// As `mapping list` shows them.
std::vector<Poco::JSON::Object::Ptr> mappingsOf(const ConnectorSetup& setup) {
    std::vector<Poco::JSON::Object::Ptr> mappings;
    const auto list = jsonOf(setup, {"mapping", "list"})->getArray("mappings");
    for (const auto& mapping : *list)
        mappings.push_back(mapping.extract<Poco::JSON::Object::Ptr>());
    return mappings;
}

/// The only one.
std::string mappingOf(const ConnectorSetup& setup) {
    const auto mappings = mappingsOf(setup);
    BOOST_TEST_REQUIRE(mappings.size() == 1U);
    return mappings.front()->getValue<std::string>("id");
}

mode_t modeOf(const std::string& file) {
    struct stat status {};
    BOOST_TEST_REQUIRE(::stat(file.c_str(), &status) == 0);
    return status.st_mode & 0777U;
}

/// Whether `expose` with these words fails so, with a message that says all of this.
void checkFailure(const std::vector<std::string>& words, int exitCode,
                  const std::vector<std::string>& texts) {
    const auto finished = runExpose(words);
    BOOST_TEST(finished.exitCode == exitCode, shown(finished));
    BOOST_TEST(finished.output.starts_with("iofog-connector-agent: "), shown(finished));
    for (const auto& text : texts)
        BOOST_TEST(says(finished, text), shown(finished) << " does not say " << text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(Expose)

BOOST_DATA_TEST_CASE(VisitorsAreServedAndShown, kModes, mode) {
    const Server server(mode);
    const LineServer target;
    ExposeProgram expose(server.setup, textOf(target.port()));

    BOOST_TEST(expose.url() ==
               std::string(mode == Mode::Tls ? "https" : "http") + "://127.0.0.1:" + textOf(expose.port()));
    BOOST_TEST(isServed(server.connector, expose.port()));
    const auto bytes = std::string(LineServer::kGreeting).size() + std::string("you said: hello\n").size();
    expose.waitForOutput(" has gone: 6 bytes from it, " + std::to_string(bytes) + " to it, ");
    const auto printed = expose.output();
    BOOST_TEST(has(printed, "\n127.0.0.1:"), printed);
    BOOST_TEST(has(printed, " has come\n"), printed);

    const auto mappings = mappingsOf(server.setup);
    BOOST_TEST_REQUIRE(mappings.size() == 1U);
    const auto label = mappings.front()->getValue<std::string>("label");
    BOOST_TEST(label.starts_with("expose "), label);
    BOOST_TEST(label.ends_with(":127.0.0.1:" + textOf(target.port())), label);

    BOOST_TEST(expose.process().stop(SIGINT) == 0, expose.log());
    BOOST_TEST(mappingsOf(server.setup).empty());
}

BOOST_AUTO_TEST_CASE(ATargetMayBeAHostOrAUnixSocket) {
    const Server server;
    const LineServer overTcp;
    const Folder folder;
    const LineServer overUnix(folder.path("lines.sock"));
    for (const auto& target :
         {"localhost:" + textOf(overTcp.port()), "[::ffff:127.0.0.1]:" + textOf(overTcp.port()),
          "unix:" + folder.path("lines.sock")}) {
        ExposeProgram expose(server.setup, target);
        BOOST_TEST(isServed(server.connector, expose.port()), target);
        expose.waitForOutput(" has gone: 6 bytes");
        BOOST_TEST(expose.process().stop(SIGTERM) == 0, expose.log());
    }
}

BOOST_AUTO_TEST_CASE(AVisitorWithoutATargetIsShown) {
    const Server server;
    const TestTarget target(TestTarget::State::Down);
    const Folder folder;
    for (const auto& place : {"127.0.0.1:" + textOf(target.port()), "unix:" + folder.path("none.sock")}) {
        ExposeProgram expose(server.setup, place);
        auto visitor = server.connector.connect(expose.port());
        visitor.send("hello\n");
        expose.waitForOutput(" was turned away: no connection to the target " + place + ": ");
        BOOST_TEST(expose.process().stop(SIGHUP) == 0, expose.log());
    }
}

BOOST_AUTO_TEST_CASE(TheSecondSignalEndsVisitors) {
    const Server server;
    TestTarget target;
    ExposeProgram expose(server.setup, textOf(target.port()));
    auto visitor = server.connector.connect(expose.port());
    visitor.send("hello");
    auto served = target.accept();
    BOOST_TEST(served.readExactly(5) == "hello");

    expose.process().signal(SIGINT);
    waitUntil("it stops", [&] { return has(expose.log(), "stopping"); });
    served.send("still here");
    BOOST_TEST(visitor.readExactly(10) == "still here");
    constexpr std::chrono::seconds kLessThanItWouldWait{15};
    BOOST_TEST(expose.process().stop(SIGINT, kLessThanItWouldWait) == 0, expose.log());
    BOOST_TEST(mappingsOf(server.setup).empty());
}

BOOST_AUTO_TEST_CASE(WhereThereIsAFrontVisitorsComeByName) {
    ConnectorSetup setup(Mode::Tls, 20);
    const auto front = static_cast<std::uint16_t>(setup.firstMappingPort() + 20);
    const ConnectorProcess connector(addFront(withOperator(setup), front));
    const LineServer target;
    const Folder folder;
    const auto file = folder.path("agent.json");
    const auto urlOf = [&](const std::string& name) {
        return "https://" + name + "." + kFrontDomain + ":" + textOf(front);
    };
    ExposeProgram unnamed(setup, textOf(target.port()));
    const auto url = unnamed.url();
    BOOST_TEST(url == urlOf(mappingOf(setup)));
    BOOST_TEST(unnamed.process().stop(SIGTERM) == 0, unnamed.log());

    ExposeProgram named(setup, textOf(target.port()), {"--name=web", "--keep=" + file});
    BOOST_TEST(named.url() == urlOf("web"));
    BOOST_TEST(greetingAt(front, "web." + kFrontDomain) == LineServer::kGreeting);
    BOOST_TEST(!mappingsOf(setup).front()->getValue<bool>("ports"));
    auto words = serverOf(setup);
    words.insert(words.begin(), {"8080", "--name=web"});
    checkFailure(words, kDataError, {"web", mappingOf(setup)});
    BOOST_TEST(named.process().stop(SIGTERM) == 0, named.log());

    ChildProcess agent({{programPath("AGENT_BIN"), "--config=" + file}, folder.path("agent.log")});
    BOOST_TEST(greetingAt(front, "web." + kFrontDomain) == LineServer::kGreeting);
    BOOST_TEST(agent.stop(SIGTERM) == 0, readFile(folder.path("agent.log")));
}

BOOST_DATA_TEST_CASE(AKeptMappingIsServedAgain, kModes, mode) {
    const Server server(mode);
    const LineServer target;
    const Folder folder;
    const auto file = folder.path("agent.json");
    std::uint16_t port = 0;
    {
        ExposeProgram expose(server.setup, textOf(target.port()), {"--keep=" + file});
        port = expose.port();
        BOOST_TEST(isServed(server.connector, port));
        BOOST_TEST(expose.process().stop(SIGTERM) == 0, expose.log());
        BOOST_TEST(has(expose.log(), "iofog-connector-agent --config=" + file), expose.log());
    }
    BOOST_TEST(modeOf(file) == 0600U);
    const auto id = mappingOf(server.setup);

    auto words = serverOf(server.setup);
    words.insert(words.begin(), {textOf(target.port()), "--keep=" + file});
    checkFailure(words, kCantCreate, {file, "is not overwritten"});
    BOOST_TEST(mappingOf(server.setup) == id);

    ChildProcess agent({{programPath("AGENT_BIN"), "--config=" + file}, folder.path("agent.log")});
    BOOST_TEST(isServed(server.connector, port));
    BOOST_TEST(agent.stop(SIGTERM) == 0, readFile(folder.path("agent.log")));
}

BOOST_AUTO_TEST_CASE(WithoutItsFileAMappingIsNotKept) {
    const Server server;
    auto words = serverOf(server.setup);
    words.insert(words.begin(), {"8080", "--keep=" + server.setup.folder().path("none/agent.json")});
    checkFailure(words, kCantCreate, {"none/agent.json", "can't be written"});
    BOOST_TEST(mappingsOf(server.setup).empty());
}

BOOST_AUTO_TEST_CASE(ItEndsWhenTheMappingIsRemoved) {
    const Server server;
    const LineServer target;
    ExposeProgram expose(server.setup, textOf(target.port()));
    BOOST_TEST(isServed(server.connector, expose.port()));
    const auto id = mappingOf(server.setup);
    server.connector.api().remove(id);
    BOOST_TEST(expose.process().waitForExit() == kUnavailable, expose.log());
    BOOST_TEST(has(expose.log(), "mapping " + id + " was removed by somebody else"), expose.log());
}

BOOST_AUTO_TEST_CASE(ItEndsWhenThePasscodeIsChanged) {
    const Server server;
    const LineServer target;
    ExposeProgram expose(server.setup, textOf(target.port()));
    BOOST_TEST(isServed(server.connector, expose.port()));
    const auto id = mappingOf(server.setup);
    jsonOf(server.setup, {"mapping", "passcode", id});
    BOOST_TEST(expose.process().waitForExit() == kNoPermission, expose.log());
    BOOST_TEST(has(expose.log(), "somebody has changed that of mapping " + id), expose.log());
    BOOST_TEST(mappingOf(server.setup) == id);
}

BOOST_AUTO_TEST_CASE(ItFollowsTheMappingToOtherPorts) {
    const Server server;
    const LineServer target;
    const Folder folder;
    const auto file = folder.path("agent.json");
    ExposeProgram expose(server.setup, textOf(target.port()), {"--keep=" + file});
    BOOST_TEST(isServed(server.connector, expose.port()));
    const auto before = readFile(file);
    const auto port1 = textOf(static_cast<std::uint16_t>(server.setup.firstMappingPort() + 50));
    const auto port2 = static_cast<std::uint16_t>(server.setup.firstMappingPort() + 51);
    const auto id = mappingOf(server.setup);
    const auto changed =
        server.connector.api().tryChange(id, R"({"port1":)" + port1 + R"(,"port2":)" + textOf(port2) + "}");
    BOOST_TEST_REQUIRE(changed.status == 200, changed);
    // Connections that are there stay; it looks when one is lost.
    const auto agents = jsonOf(server.setup, {"mapping", "connections", id})->getArray("agents");
    jsonOf(server.setup, {"mapping", "disconnect", id, agents->getObject(0)->getValue<std::string>("n")});
    expose.waitForOutput("http://127.0.0.1:" + textOf(port2) + "\n");
    BOOST_TEST(isServed(server.connector, port2));
    BOOST_TEST(has(readFile(file), "\"port\": " + port1), readFile(file));
    BOOST_TEST(readFile(file + ".old") == before);
    BOOST_TEST(expose.process().stop(SIGTERM) == 0, expose.log());
}

BOOST_DATA_TEST_CASE(ItSurvivesARestartOfConnector, kModes, mode) {
    ConnectorSetup setup(mode);
    withOperator(setup);
    std::optional<ConnectorProcess> connector(setup);
    const LineServer target;
    ExposeProgram expose(setup, textOf(target.port()));
    BOOST_TEST(isServed(*connector, expose.port()));
    connector->stop();
    waitUntil("it notices", [&] { return has(expose.log(), "0 of "); });
    connector.emplace(setup);
    waitUntil("it is back", [&] { return has(expose.log(), "connected to Connector again"); });
    BOOST_TEST(isServed(*connector, expose.port()));
    BOOST_TEST(expose.process().stop(SIGINT) == 0, expose.log());
    BOOST_TEST(mappingsOf(setup).empty());
}

BOOST_AUTO_TEST_CASE(AMappingThatCanNotBeRemovedIsNamed) {
    ConnectorSetup setup;
    std::optional<ConnectorProcess> connector(setup);
    const LineServer target;
    ExposeProgram expose(setup, textOf(target.port()));
    BOOST_TEST(isServed(*connector, expose.port()));
    const auto id = mappingOf(setup);
    connector.reset();
    BOOST_TEST(expose.process().stop(SIGINT) == kUnavailable, expose.log());
    BOOST_TEST(has(expose.log(), "mapping " + id + " is still open"), expose.log());
    BOOST_TEST(has(expose.log(), "iofog-connector mapping remove " + id), expose.log());
}

BOOST_AUTO_TEST_CASE(WhatTheServerRefusesIsSaid) {
    const Server server(Mode::Tls);
    const auto url = "--server=https://127.0.0.1:" + textOf(server.setup.apiPort());
    const auto ca = "--ca=" + CertificateAuthority::shared().certificateFile();
    const auto wrong = server.setup.folder().write("wrong", "this-is-not-the-token\n");
    checkFailure({"8080", url, ca}, kNoPermission, {"refuses this command", "--token-file=FILE"});
    checkFailure({"8080", url, ca, "--token-file=" + wrong}, kNoPermission,
                 {"refuses this command", "is the token in --token-file"});
    checkFailure({"8080", url}, kProtocol, {"is not trusted", "--ca=FILE"});
    const auto right = server.setup.folder().write("right", kOperatorToken);
    checkFailure({"8080", url, ca, "--token-file=" + right, "--name=Not.A.Name"}, kDataError, {"Not.A.Name"});
    BOOST_TEST(mappingsOf(server.setup).empty());
}

BOOST_AUTO_TEST_CASE(ACertificateMustBeForTheServersName) {
    ConnectorSetup setup(Mode::Tls);
    withOperator(setup);
    const auto other = CertificateAuthority::shared().issueForHost(setup.folder(), "other", "other.example");
    setup.set("tls.certificate", other.certificateFile).set("tls.key", other.keyFile);
    const ChildProcess connector(setup.command());
    waitUntil("it listens", [&] {
        try {
            return Poco::Net::StreamSocket(Poco::Net::SocketAddress("127.0.0.1", setup.apiPort())).impl() !=
                   nullptr;
        } catch (const Poco::Exception&) {
            return false;
        }
    });
    auto words = serverOf(setup);
    words.insert(words.begin(), "8080");
    checkFailure(words, kProtocol, {"is not trusted", "IP address mismatch"});
}

BOOST_AUTO_TEST_CASE(AServerThatIsAwayIsSaid) {
    const TestTarget nobody(TestTarget::State::Down);
    const auto url = "http://127.0.0.1:" + textOf(nobody.port());
    checkFailure({"8080", "--server", url}, kUnavailable, {"no Connector answers at " + url});
}

BOOST_AUTO_TEST_CASE(AWrongCommandLineIsSaid) {
    const Folder folder;
    const auto server = std::string("--server=http://127.0.0.1:1");
    checkFailure({}, kUsage, {"what is to be exposed is missing"});
    checkFailure({"8080"}, kUsage, {"--server=URL is missing"});
    checkFailure({"8080", "8081", server}, kUsage, {"\"8081\" is too much"});
    for (const auto* target : {"0", "65536", "web", ":80", "host:", "a b:80", "unix:relative", "::1:80"})
        checkFailure({target, server}, kUsage, {std::string("TARGET=") + target, "HOST:PORT"});
    for (const auto* wrong :
         {"connector.example.org", "ftp://a", "https://", "https://a/b", "https://u@a", "https://a?b"})
        checkFailure({"8080", std::string("--server=") + wrong}, kUsage,
                     {wrong, "https://connector.example.org"});
    checkFailure({"8080", server, "--frobnicate"}, kUsage, {"frobnicate", "expose --help"});
    checkFailure({"8080", server, "--log-level=loud"}, kUsage, {"loud"});
    checkFailure({"8080", server, "--token-file=" + folder.path("none")}, kNoInput, {folder.path("none")});
    const auto two = folder.write("two", "one-token and-another");
    checkFailure({"8080", server, "--token-file=" + two}, kDataError, {two + ": no token"});
    const auto token = "--token-file=" + folder.write("token", "a-token-of-somebody");
    checkFailure({"8080", "--server=http://192.0.2.1", token}, kUsage, {"http://192.0.2.1", "https://"});
    const auto ca = folder.write("ca.pem", "no certificate");
    checkFailure({"8080", "--server=https://127.0.0.1:1", "--ca=" + ca}, kConfig, {ca});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
