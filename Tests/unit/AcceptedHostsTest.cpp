#include "api/AcceptedHosts.h"
#include "http/HttpError.h"

#include <boost/test/unit_test.hpp>

#include <utility>

using connector::AcceptedHosts;
using connector::HttpError;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

const AcceptedHosts kHosts("Connector.Example.org", {"controller-net", "a_b.internal."});

/// Why the request is refused; "" when it is not.
std::string refusalOf(const Headers& headers, const std::string& target = "/api/v2/mapping/add") {
    Poco::Net::HTTPRequest request("POST", target, "HTTP/1.1");
    for (const auto& [name, value] : headers)
        request.add(name, value);
    try {
        kHosts.check(request);
        return "";
    } catch (const HttpError& error) {
        BOOST_TEST(error.status() == 403);
        return error.what();
    }
}

bool isPageRefused(const Headers& headers) {
    Poco::Net::HTTPRequest request("GET", "/", "HTTP/1.1");
    for (const auto& [name, value] : headers)
        request.add(name, value);
    try {
        kHosts.checkPage(request);
        return false;
    } catch (const HttpError&) {
        return true;
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(ApiHosts)

BOOST_AUTO_TEST_CASE(own_names_and_addresses_are_accepted) {
    for (const auto* host : {"localhost",
                             "LocalHost:8080",
                             "localhost.",
                             "localhost.:8080",
                             "a.localhost",
                             "a.b.localhost.:1",
                             "127.0.0.1",
                             "127.0.0.1:8080",
                             "192.0.2.1:443",
                             "203.0.113.255",
                             "[::1]",
                             "[::1]:8080",
                             "::1",
                             "[2001:db8::1]:",
                             "[fe80::1%25eth0]:8080",
                             "[::ffff:192.0.2.1]",
                             "connector.example.org",
                             "CONNECTOR.EXAMPLE.ORG:443",
                             "connector.example.org.",
                             "connector.example.org.:8080",
                             "controller-net",
                             "Controller-Net:8080",
                             "a_b.internal",
                             "a_b.internal.:80"})
        BOOST_TEST(refusalOf({{"Host", host}}).empty(), host);
}

BOOST_AUTO_TEST_CASE(other_names_are_refused) {
    for (const auto* host : {"",
                             ".",
                             ":8080",
                             "evil.example",
                             "evil.example:8080",
                             "localhost.evil.example",
                             "xlocalhost",
                             ".localhost..",
                             "connector.example.org.evil.example",
                             "xconnector.example.org",
                             "example.org",
                             "localhost..",
                             "localhost:8080x",
                             "localhost:8080:1",
                             "localhost:123456",
                             "localhost:-1",
                             "a@localhost",
                             "localhost/",
                             "::1]",
                             "[::1",
                             "[::1]x",
                             "[localhost]",
                             "[127.0.0.1]",
                             "[]",
                             "[::1]:x",
                             "127.1",
                             "0x7f000001",
                             "1.2.3.4.5",
                             "127.0.0.1.evil.example",
                             "local host",
                             "localhost, evil.example",
                             "\xC4\xB0localhost"})
        BOOST_TEST(!refusalOf({{"Host", host}}).empty(), host);
}

BOOST_AUTO_TEST_CASE(a_refusal_says_what_to_write) {
    const auto refusal = refusalOf({{"Host", "Ctl.Example.net.:8080"}});
    BOOST_TEST(refusal.find(R"("hosts": ["ctl.example.net"])") != std::string::npos, refusal);
    BOOST_TEST(refusal.find("controller-net") == std::string::npos, "it tells nobody which names there are");
}

BOOST_AUTO_TEST_CASE(a_client_of_http_1_0_needs_no_host) {
    BOOST_TEST(refusalOf({}).empty());
    BOOST_TEST(!refusalOf({{"Origin", "http://"}}).empty());
    BOOST_TEST(!refusalOf({{"Origin", ""}}).empty());
}

BOOST_AUTO_TEST_CASE(a_target_may_have_an_accepted_host_of_its_own) {
    const Headers local{{"Host", "localhost"}};
    BOOST_TEST(refusalOf(local, "http://localhost:8080/api/v2/status").empty());
    BOOST_TEST(!refusalOf(local, "http://evil.example/api/v2/status").empty());
    BOOST_TEST(refusalOf(local, "/api/v2/status?x=http://evil.example/").empty());
    BOOST_TEST(refusalOf(local, "/%").empty()); // is refused for another reason
}

BOOST_AUTO_TEST_CASE(pages_of_the_same_origin_only_may_call) {
    const auto refusal = [](const std::string& host, const std::string& origin) {
        return refusalOf({{"Host", host}, {"Origin", origin}});
    };
    BOOST_TEST(refusal("localhost:8080", "http://localhost:8080").empty());
    BOOST_TEST(refusal("LOCALHOST:8080", "https://localhost:8080").empty());
    BOOST_TEST(refusal("[::1]:8080", "http://[::1]:8080").empty());
    for (const auto* origin : {"http://evil.example", "http://localhost", "http://localhost:8081", "null", "",
                               "*", "ftp://localhost:8080", "localhost:8080", "http://localhost:8080/",
                               "http://localhost:8080.evil.example", "http://a@localhost:8080"})
        BOOST_TEST(!refusal("localhost:8080", origin).empty(), origin);
}

BOOST_AUTO_TEST_CASE(what_a_browser_calls_foreign_is_refused) {
    for (const auto* site : {"cross-site", "same-site", "Cross-Site", "none, cross-site", ""})
        BOOST_TEST(!refusalOf({{"Host", "localhost"}, {"Sec-Fetch-Site", site}}).empty(), site);
    for (const auto* site : {"same-origin", "none"})
        BOOST_TEST(refusalOf({{"Host", "localhost"}, {"Sec-Fetch-Site", site}}).empty(), site);
}

BOOST_AUTO_TEST_CASE(another_sites_page_may_lead_to_the_page) {
    const Headers link{{"Host", "localhost"},
                       {"Sec-Fetch-Site", "cross-site"},
                       {"Sec-Fetch-Mode", "navigate"},
                       {"Sec-Fetch-Dest", "document"}};
    BOOST_TEST(!isPageRefused(link));
    BOOST_TEST(!refusalOf(link).empty(), "the API is no page");
    for (const auto& [name, value] : Headers{{"Sec-Fetch-Mode", "no-cors"},
                                             {"Sec-Fetch-Mode", ""},
                                             {"Sec-Fetch-Dest", "iframe"},
                                             {"Sec-Fetch-Dest", "script"},
                                             {"Host", "evil.example"}}) {
        auto headers = link;
        for (auto& header : headers)
            if (header.first == name) header.second = value;
        BOOST_TEST(isPageRefused(headers), name << ": " << value);
    }
    auto form = link;
    form.emplace_back("Origin", "http://evil.example");
    BOOST_TEST(isPageRefused(form));
    BOOST_TEST(!isPageRefused({{"Host", "localhost"}, {"Sec-Fetch-Site", "same-origin"}}));
    BOOST_TEST(isPageRefused({{"Host", "localhost"}, {"Sec-Fetch-Site", "same-site"}}));
}

BOOST_AUTO_TEST_SUITE_END()
