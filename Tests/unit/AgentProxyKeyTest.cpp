#include "agent/AgentConfiguration.h"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace connector;

namespace {

/// The JSON of a pipe; proxy: what stands behind the key, or nothing.
std::string pipe(const std::string& proxy = "") {
    return R"({"mode":"public","host":"connector.example","port":6000,"connectioncount":60,"passcode":"any",)"
           R"("localhost":"iofog","localport":60401)" +
           (proxy.empty() ? "" : ",\"proxy\":" + proxy) + "}";
}

AgentPipeSettings parsed(const std::string& json, const AgentEnvironment& environment = {}) {
    return AgentConfiguration::parse(json, environment).pipes.at(0);
}

/// The proxy that a pipe reaches the host through, without credentials; "" for none.
std::string proxyTo(const std::string& host, const AgentPipeSettings& settings) {
    const auto proxy = settings.proxies.to(host);
    return proxy ? proxy->name() : "";
}

std::string refusal(const std::string& json, const AgentEnvironment& environment = {}) {
    try {
        parsed(json, environment);
    } catch (const FieldError& error) {
        return error.what();
    }
    return "accepted";
}

constexpr const char* kHost = "connector.example";
const AgentEnvironment kEnvironment{.proxy = "http://proxy.example:3128", .noProxy = "other.example"};

} // namespace

BOOST_AUTO_TEST_SUITE(AgentProxyKey)

BOOST_AUTO_TEST_CASE(there_is_no_proxy_unless_it_is_named) {
    BOOST_TEST(proxyTo(kHost, parsed(pipe())) == "");
}

BOOST_AUTO_TEST_CASE(proxy_may_be_named) {
    const auto settings = parsed(pipe(R"("http://user:pass%40word@proxy.example:3128")"));
    BOOST_TEST((settings.proxies.to(kHost) == HttpProxy{"proxy.example", 3128, "user:pass@word"}));
    BOOST_TEST(settings.summary() == "up to 60 connections to connector.example:6000 through the proxy "
                                     "proxy.example:3128 for the target iofog:60401");
}

BOOST_AUTO_TEST_CASE(proxy_may_come_from_the_environment) {
    const auto settings = parsed(pipe(), kEnvironment);
    BOOST_TEST(proxyTo(kHost, settings) == "proxy.example:3128");
    for (const auto* direct : {"other.example", "localhost", "127.0.0.2", "::1"})
        BOOST_TEST(proxyTo(direct, settings) == "", direct);
}

BOOST_AUTO_TEST_CASE(key_wins_over_the_environment) {
    const auto settings = parsed(pipe(R"("http://another.example:80")"), kEnvironment);
    BOOST_TEST(proxyTo(kHost, settings) == "another.example:80");
    BOOST_TEST(proxyTo("other.example", settings) == "another.example:80", "no_proxy is for https_proxy");
    BOOST_TEST(proxyTo("127.0.0.1", settings) == "another.example:80");
    BOOST_TEST(proxyTo(kHost, parsed(pipe(R"("")"), kEnvironment)) == "");
    BOOST_TEST(proxyTo(kHost, parsed(pipe("null"), kEnvironment)) == "");
}

BOOST_AUTO_TEST_CASE(proxy_beside_pipes_is_for_those_that_name_none) {
    const auto pipes =
        AgentConfiguration::parse(R"({"proxy":"http://common.example:3128","pipes":[)" + pipe() + "," +
                                      pipe(R"("http://own.example:1")") + "," + pipe("null") + "]}",
                                  kEnvironment)
            .pipes;
    BOOST_TEST(proxyTo(kHost, pipes.at(0)) == "common.example:3128");
    BOOST_TEST(proxyTo(kHost, pipes.at(1)) == "own.example:1");
    BOOST_TEST(proxyTo(kHost, pipes.at(2)) == "");
}

BOOST_AUTO_TEST_CASE(never_shows_a_password) {
    for (const auto* wrong :
         {R"("https://user:secret@proxy.example")", R"("http://secret@b@c")", "8127364", "true"}) {
        const auto message = refusal(pipe(wrong));
        BOOST_TEST(
            message.starts_with("proxy: what was given is not allowed; it must be http://HOST:PORT or "));
        BOOST_TEST(message.find("secret") == std::string::npos);
        BOOST_TEST(message.find("8127364") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(wrong_environment_counts_for_those_who_need_it) {
    const AgentEnvironment wrong{.proxy = "socks5://user:secret@proxy.example"};
    const auto message = refusal(pipe(), wrong);
    BOOST_TEST(message.starts_with("https_proxy in the environment: what was given is not allowed; "));
    BOOST_TEST(message.find("secret") == std::string::npos);
    BOOST_TEST(refusal(pipe("null"), wrong) == "accepted");
}

BOOST_AUTO_TEST_SUITE_END()
