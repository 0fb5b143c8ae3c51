#include "agent/proxy/HttpProxy.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using Proxy = connector::HttpProxy;

namespace {

Proxy parsed(const std::string& url) {
    const auto proxy = Proxy::parse(url);
    BOOST_REQUIRE_MESSAGE(proxy, url);
    return *proxy;
}

const Proxy kOpen{"proxy.example", 3128, ""};
const Proxy kClosed{"proxy.example", 3128, "user:pass:word"};

} // namespace

BOOST_AUTO_TEST_SUITE(HttpProxy)

BOOST_AUTO_TEST_CASE(reads_urls) {
    BOOST_TEST((parsed("http://proxy.example:3128") == kOpen));
    BOOST_TEST((parsed("HTTP://proxy.example:3128/") == kOpen));
    BOOST_TEST((parsed("proxy.example:3128") == kOpen));
    BOOST_TEST((parsed("http://user:pass%3Aword@proxy.example:3128") == kClosed));
    BOOST_TEST((parsed("user:pass%3aword@proxy.example:3128") == kClosed));
}

BOOST_AUTO_TEST_CASE(port_is_that_of_http_unless_it_is_given) {
    BOOST_TEST(parsed("http://proxy.example").port == 80);
    BOOST_TEST(parsed("proxy.example").port == 80);
}

BOOST_AUTO_TEST_CASE(ipv6_addresses_are_in_brackets) {
    const auto proxy = parsed("http://u:p%40@[2001:db8::1]:8080");
    BOOST_TEST(proxy.host == "2001:db8::1");
    BOOST_TEST(proxy.port == 8080);
    BOOST_TEST(proxy.credentials == "u:p@");
}

BOOST_AUTO_TEST_CASE(credentials_may_be_half_empty) {
    BOOST_TEST(parsed("http://user@proxy.example").credentials == "user:");
    BOOST_TEST(parsed("http://:token@proxy.example").credentials == ":token");
    BOOST_TEST(parsed("http://@proxy.example").credentials == "");
}

BOOST_AUTO_TEST_CASE(takes_nothing_else_for_an_http_proxy) {
    for (const auto* url :
         {"", "http://", "http://:3128", "https://proxy.example:3128", "socks5://proxy.example:1080",
          "http://proxy.example:0", "http://proxy.example:65536", "http://proxy.example:squid",
          "http://proxy.example:3128/path", "http://proxy.example:3128?query",
          "http://proxy.example:3128#part", "http://two words:3128", "http://a@b:c@proxy.example",
          "http://u%zz@proxy.example", "http://us%3Aer:p@proxy.example", "http://pro%78y.example",
          "http://2001:db8::1:3128"})
        BOOST_TEST(!Proxy::parse(url), url);
}

BOOST_AUTO_TEST_CASE(asks_to_connect) {
    BOOST_TEST(kOpen.request("connector.example:6000") ==
               "CONNECT connector.example:6000 HTTP/1.1\r\nHost: connector.example:6000\r\n\r\n");
    BOOST_TEST(kClosed.request("[::1]:6000") == "CONNECT [::1]:6000 HTTP/1.1\r\nHost: [::1]:6000\r\n"
                                                "Proxy-Authorization: Basic dXNlcjpwYXNzOndvcmQ=\r\n\r\n");
    const Proxy longOne{"proxy.example", 3128, std::string(300, 'u') + ":" + std::string(300, 'p')};
    const auto request = longOne.request("c:1");
    BOOST_TEST(request.find("\r\n", request.find("Basic")) == request.size() - 4, "it is one line");
}

BOOST_AUTO_TEST_CASE(any_2xx_is_yes) {
    BOOST_TEST(kOpen.refusalIn("HTTP/1.1 200 Connection established\r\n\r\n") == "");
    BOOST_TEST(kOpen.refusalIn("HTTP/1.0 200\r\nVia: x\r\nContent-Length: 5\r\n\r\n") == "");
    BOOST_TEST(kOpen.refusalIn("HTTP/1.1 204 No\n\n") == "");
}

BOOST_AUTO_TEST_CASE(refusals_are_status_and_reason) {
    BOOST_TEST(kOpen.refusalIn("HTTP/1.1 403 Filtered\r\n\r\n") == "403 Filtered");
    BOOST_TEST(kOpen.refusalIn("HTTP/1.0 503 Service Unavailable\r\nA: b\r\n\r\n") ==
               "503 Service Unavailable");
}

BOOST_AUTO_TEST_CASE(interim_answers_are_1xx_but_for_another_protocol) {
    for (const auto* head : {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 199\n\n"})
        BOOST_TEST(Proxy::isInterim(head), head);
    for (const auto* head : {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
                             "HTTP/1.1 403 No\r\n\r\n", "HTTP/1.1 1xx\r\n\r\n", "HTTP/1.1 10 x\r\n\r\n"})
        BOOST_TEST(!Proxy::isInterim(head), head);
}

BOOST_AUTO_TEST_CASE(refusals_are_printable_and_short) {
    BOOST_TEST(kOpen.refusalIn("HTTP/1.1 502 a\x1b[31m\xff\r\n\r\n") == "502 a?[31m?");
    BOOST_TEST(kOpen.refusalIn("HTTP/1.1 502 " + std::string(300, 'x') + "\r\n\r\n") ==
               "502 " + std::string(100, 'x') + "...");
}

BOOST_AUTO_TEST_CASE(says_what_credentials_are_wanted) {
    const std::string answer = "HTTP/1.1 407 Proxy Authentication Required\r\n";
    const std::string said = "407 Proxy Authentication Required; ";
    const std::string basic =
        "Proxy-Authenticate: Negotiate\r\nproxy-authenticate: BASIC realm=\"x\"\r\n\r\n";
    BOOST_TEST(kOpen.refusalIn(answer + "\r\n") == said + "it asks for a user and a password");
    BOOST_TEST(kOpen.refusalIn(answer + basic) == said + "it asks for a user and a password");
    BOOST_TEST(kClosed.refusalIn(answer + basic) == said + "it asks for another user or password");
    BOOST_TEST(kClosed.refusalIn(answer + "Proxy-Authenticate: Negotiate\r\n\r\n") ==
               said + "it asks for Negotiate, and nothing but Basic is spoken here");
    BOOST_TEST(kClosed.refusalIn("HTTP/1.0 401 Unauthorized\r\n\r\n") ==
               "401 Unauthorized; it asks for another user or password");
}

BOOST_AUTO_TEST_CASE(basic_is_a_scheme_wherever_it_is_listed) {
    const std::string answer = "HTTP/1.1 407 No\r\nProxy-Authenticate: ";
    for (const auto* basic : {"Basic", "basic realm=\"a, \\\"b\"", "Negotiate, BASIC realm=\"x\"",
                              "Digest realm=\"x\", qop=\"auth\", Basic realm=\"x\", Negotiate"})
        BOOST_TEST(kOpen.refusalIn(answer + basic + "\r\n\r\n").ends_with("asks for a user and a password"),
                   basic);
    for (const auto* other : {"Digest realm=\"basic stuff\"", "Digest realm=\"a, basic b\"",
                              "Digest realm=\"a\\\", basic b\"", "Digest a=b, basic=c", "Basically"})
        BOOST_TEST(kOpen.refusalIn(answer + other + "\r\n\r\n").ends_with("but Basic is spoken here"), other);
}

BOOST_AUTO_TEST_CASE(what_is_no_http_is_shown) {
    for (const auto* head : {"HTTP/1.1 abc x\r\n\r\n", "HTTP/1.1 99999 x\r\n\r\n", "HTTP/1.1 -200 x\r\n\r\n",
                             "HTTP/\r\n\r\n", "HTTP/1.1\r\n\r\n"})
        BOOST_TEST(kOpen.refusalIn(head).starts_with("its answer is no HTTP: HTTP/"), head);
}

BOOST_AUTO_TEST_SUITE_END()
