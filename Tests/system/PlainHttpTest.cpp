#include "Commands.h"
#include "ReloadedConnector.h"
#include "UpgradedConnector.h"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <optional>
#include <sys/stat.h>

namespace connector::test {

namespace {

constexpr int kFrontOffset = 110; // behind the ports of mappings
const std::string kChallenges = "/.well-known/acme-challenge/";

/// A front, with plain HTTP on the port behind its own.
ConnectorSetup& withPlainHttp(ConnectorSetup& setup) {
    const int port = setup.apiPort() + kFrontOffset;
    std::filesystem::create_directories(setup.folder().path("web" + kChallenges));
    return setup.set("front.port", port)
        .set("front.http-port", port + 1)
        .set("front.acme-webroot", setup.folder().path("web"))
        .set("api.anonymous", true);
}

std::uint16_t frontPort(const ConnectorSetup& setup) {
    return static_cast<std::uint16_t>(setup.apiPort() + kFrontOffset);
}

struct Answer {
    int status = 0;
    std::string location;
    std::string body;
};

/// All that is answered to what a client sends.
std::string answerTo(const ConnectorSetup& setup, const std::string& request,
                     const char* address = "127.0.0.1") {
    PipeClient client(Poco::Net::SocketAddress(address, static_cast<std::uint16_t>(frontPort(setup) + 1)));
    client.send(request);
    return client.readToEnd();
}

Answer parsed(const std::string& text) {
    Answer answer;
    answer.status = std::stoi(text.substr(text.find(' ')));
    const std::string key = "\r\nLocation: ";
    if (const auto at = text.find(key); at != std::string::npos)
        answer.location = text.substr(at + key.size(), text.find("\r\n", at + 2) - at - key.size());
    answer.body = text.substr(text.find("\r\n\r\n") + 4);
    return answer;
}

Answer ask(const ConnectorSetup& setup, const std::string& target,
           const std::string& host = "fog.example.org", const std::string& method = "GET") {
    return parsed(answerTo(setup, method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
}

struct WithPlainHttp {
    WithPlainHttp() {
        withPlainHttp(setup);
        connector.emplace(setup);
    }

    std::string writeChallenge(const std::string& name, const std::string& content) const {
        return setup.folder().write("web" + kChallenges + name, content);
    }

    ConnectorSetup setup{Mode::Tls};
    std::string to = ":" + std::to_string(frontPort(setup));
    std::optional<ConnectorProcess> connector;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(PlainHttp, WithPlainHttp)

BOOST_AUTO_TEST_CASE(ListensOnAllAddresses) {
    connector.reset();
    setup.unset("pipes.bind");
    connector.emplace(setup);
    for (const auto* address : {"127.0.0.1", "::1"})
        BOOST_TEST(parsed(answerTo(setup, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", address)).status == 308);
}

BOOST_AUTO_TEST_CASE(LeadsToHttps) {
    struct Case {
        std::string target;
        std::string host;
        std::string location;
    };
    const std::vector<Case> cases{
        {"/", "fog.example.org", "https://fog.example.org" + to + "/"},
        {"/a/b?c=d&e=%20#f", "fog.example.org:80", "https://fog.example.org" + to + "/a/b?c=d&e=%20#f"},
        {"/", "WEB.fog.example.org.", "https://web.fog.example.org" + to + "/"},
        {"/", "192.0.2.7:8080", "https://192.0.2.7" + to + "/"},
        {"/x", "[2001:db8::1]:80", "https://[2001:db8::1]" + to + "/x"},
        {"//evil.example.com/", "fog.example.org", "https://fog.example.org" + to + "//evil.example.com/"},
        {"http://other.example.org/a?b", "fog.example.org", "https://other.example.org" + to + "/a?b"},
        {"HTTP://other.example.org:80?b", "fog.example.org", "https://other.example.org" + to + "/?b"},
        {"/api/v2/status", "127.0.0.1", "https://127.0.0.1" + to + "/api/v2/status"},
        {"/health", "127.0.0.1", "https://127.0.0.1" + to + "/health"},
        {"/metrics", "127.0.0.1", "https://127.0.0.1" + to + "/metrics"}};
    for (const auto& [target, host, location] : cases)
        for (const auto* method : {"GET", "HEAD", "DELETE"}) {
            const auto answer = ask(setup, target, host, method);
            BOOST_TEST(answer.status == 308, target << " " << host);
            BOOST_TEST(answer.location == location, target << " " << host);
            BOOST_TEST(answer.body == "");
        }
    const std::string post =
        "POST /api/v2/mapping/add HTTP/1.1\r\nHost: a.example.org\r\nContent-Length: 2\r\n\r\n{}";
    BOOST_TEST(parsed(answerTo(setup, post)).location ==
               "https://a.example.org" + to + "/api/v2/mapping/add");
    BOOST_TEST(
        (answerTo(setup, "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n").find(" 308 Permanent Redirect\r\n") !=
         std::string::npos));
    BOOST_TEST(parsed(answerTo(setup, "GET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n", "::1")).status == 308,
               "at each address of pipes.bind");
}

BOOST_AUTO_TEST_CASE(HostsThatAreNoneAreRefused) {
    for (const auto& host :
         {std::string(), std::string("user@fog.example.org"), std::string("fog.example.org/evil"),
          std::string("fog.example.org:80:90"), std::string("fog.example.org:port"), std::string("a b"),
          std::string("[::1"), std::string("[::1]evil"), std::string("[::1%25eth0]"),
          std::string("[::1%x\"<>]"), std::string("::1"), std::string("."), std::string("evil.example.com\\"),
          std::string("evil.com#"), std::string("evil.com?"), std::string("f\xc3\xb6g.example.org"),
          std::string(254, 'a')}) {
        const auto answer = ask(setup, "/", host);
        BOOST_TEST(answer.status == 400, host);
        BOOST_TEST(answer.location == "", host);
        BOOST_TEST((answer.body.find("Host: ") == 0), answer.body);
    }
    for (const auto* request :
         {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a.org\r\nHost: b.org\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a.org\rSet-Cookie: a=b\r\n\r\n",
          "GET http://u@a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
          "GET http:///x HTTP/1.1\r\nHost: a.org\r\n\r\n",
          "GET https://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
          "GET \xc3\xb6/ HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /\xc3\xb6 HTTP/1.1\r\nHost: a.org\r\n\r\n",
          "OPTIONS * HTTP/1.1\r\nHost: a.org\r\n\r\n", "CONNECT a.org:443 HTTP/1.1\r\nHost: a.org\r\n\r\n"}) {
        const auto text = answerTo(setup, request);
        BOOST_TEST(parsed(text).status == 400, request);
        BOOST_TEST((text.find("Set-Cookie") == std::string::npos), text);
    }
}

BOOST_AUTO_TEST_CASE(ChallengesAreAnswered) {
    writeChallenge("Token_-09", "Token_-09.thumbprint");
    const auto answer = ask(setup, kChallenges + "Token_-09");
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.body == "Token_-09.thumbprint");
    BOOST_TEST(ask(setup, kChallenges + "Token_-09?x").body == "Token_-09.thumbprint");
    const auto head = ask(setup, kChallenges + "Token_-09", "fog.example.org", "HEAD");
    BOOST_TEST(head.status == 200);
    BOOST_TEST(head.body == "");
    connector->waitForLog("127.0.0.1 was shown the challenge Token_-09");
    BOOST_TEST(ask(setup, kChallenges + "Token_-09", "fog.example.org", "DELETE").status == 308);
}

BOOST_AUTO_TEST_CASE(NothingElseOfTheDiskIsShown) {
    writeChallenge("in", "seen");
    setup.folder().write("web/secret", "secret");
    writeFile(setup.folder().path("outside"), "secret");
    std::filesystem::create_directories(setup.folder().path("web" + kChallenges + "folder"));
    std::filesystem::create_symlink(setup.folder().path("outside"),
                                    setup.folder().path("web" + kChallenges + "link"));
    ::mkfifo(setup.folder().path("web" + kChallenges + "fifo").c_str(), 0600);
    writeChallenge("with.dot", "secret");
    writeChallenge("large", std::string(4097, 'x'));
    for (const auto* token : {"", ".", "..", "../secret", "../../secret", "..%2fsecret", "%2e%2e/secret",
                              "%69n", "in/", "in%00", "/etc/passwd", "folder", "folder/", "link", "fifo",
                              "with.dot", "large", "missing", "in\\..\\..\\secret"}) {
        const auto answer = ask(setup, kChallenges + token);
        BOOST_TEST(answer.status == 404, token);
        BOOST_TEST(answer.body == "there is no such challenge\n", token);
    }
    BOOST_TEST(ask(setup, kChallenges + std::string(5000, 'a')).status == 404);
    for (const auto* target : {"/.well-known/acme-challenge", "/secret", "/../outside",
                               "/.well-known/../secret", "/%2ewell-known/acme-challenge/in"})
        BOOST_TEST(ask(setup, target).status == 308, target);
    writeChallenge("full", std::string(4096, 'x'));
    BOOST_TEST(ask(setup, kChallenges + "full").body.size() == 4096U);
    connector->waitForLog("no token");
}

BOOST_AUTO_TEST_CASE(PortsAreChecked) {
    connector.reset();
    for (const int taken : {setup.apiPort() + 0, setup.apiPort() + kFrontOffset, setup.apiPort() + 1}) {
        setup.set("front.http-port", taken);
        const auto finished = runCommand(setup, {"check"});
        BOOST_TEST(hasFailed(finished, kConfig, {"front.http-port"}), shown(finished));
    }
    setup.set("front.http-port", frontPort(setup) + 1)
        .set("front.acme-webroot", setup.folder().path("nowhere"));
    const auto finished = runCommand(setup, {"check"});
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    BOOST_TEST(says(finished, setup.folder().path("nowhere") + " is no folder"), shown(finished));

    const Poco::Net::ServerSocket other(
        Poco::Net::SocketAddress("127.0.0.1", static_cast<std::uint16_t>(frontPort(setup) + 1)));
    const auto started = runCommand(setup, {"start"});
    BOOST_TEST(started.exitCode == kUnavailable, shown(started));
    BOOST_TEST(says(started, "front.http-port can't listen on 127.0.0.1 port"), shown(started));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(PlainHttpLife)

BOOST_AUTO_TEST_CASE(ReloadTakesAnotherWebroot) {
    ReloadedConnector reloaded(Mode::Tls);
    withPlainHttp(reloaded.setup);
    reloaded.start();
    const auto& folder = reloaded.setup.folder();
    std::filesystem::create_directories(folder.path("other" + kChallenges));
    folder.write("other" + kChallenges + "token", "seen");
    BOOST_TEST(ask(reloaded.setup, kChallenges + "token").status == 404);
    reloaded.setup.set("front.acme-webroot", "other"); // beside the configuration
    reloaded.reload("front.acme-webroot");
    BOOST_TEST(ask(reloaded.setup, kChallenges + "token").body == "seen");
    reloaded.setup.unset("front.acme-webroot");
    reloaded.reload("front.acme-webroot");
    BOOST_TEST(ask(reloaded.setup, kChallenges + "token").status == 308);
}

/// And a connection that asks for nothing keeps nobody from ending.
BOOST_AUTO_TEST_CASE(UpgradeKeepsThePort) {
    UpgradedConnector upgraded(Mode::Tls);
    // What it started with has no front: the next process reads the file as it is now.
    withPlainHttp(upgraded.setup()).command();
    upgraded.upgrade();
    BOOST_TEST(ask(upgraded.setup(), "/").status == 308);
    PipeClient before(
        Poco::Net::SocketAddress("127.0.0.1", static_cast<std::uint16_t>(frontPort(upgraded.setup()) + 1)));
    upgraded.upgrade();
    BOOST_TEST(ask(upgraded.setup(), "/").status == 308);
    BOOST_TEST(before.readToEnd() == "");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
