#include "agent/AgentConfiguration.h"
#include "base/FileText.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <boost/test/unit_test.hpp>

#include <sstream>

using namespace connector;
using Role = AgentPipeSettings::Role;

namespace {

constexpr const char* kPasscode = "0b403b65-c5a0-476f-92f5-ffc7ca0f85ef";

/// What ioFog's networking container is given.
Poco::JSON::Object container() {
    Poco::JSON::Object object;
    object.set("mode", "public");
    object.set("host", "connector.example");
    object.set("port", 6000);
    object.set("connectioncount", 60);
    object.set("passcode", kPasscode);
    object.set("localhost", "iofog");
    object.set("localport", 60401);
    object.set("heartbeatfrequency", 20000);
    object.set("heartbeatabsencethreshold", 60000);
    return object;
}

Poco::JSON::Object containerWith(const std::string& key, const Poco::Dynamic::Var& value) {
    auto object = container();
    object.set(key, value);
    return object;
}

Poco::JSON::Object containerWithout(const std::string& key) {
    auto object = container();
    object.remove(key);
    return object;
}

AgentConfiguration parse(const Poco::JSON::Object& object, const std::string& passcode = "") {
    std::ostringstream text;
    object.stringify(text);
    return AgentConfiguration::parse(text.str(), {.passcode = passcode});
}

/// The only pipe of the configuration.
AgentPipeSettings pipeOf(const Poco::JSON::Object& object, const std::string& passcode = "") {
    const auto configuration = parse(object, passcode);
    BOOST_REQUIRE(configuration.pipes.size() == 1);
    return configuration.pipes.front();
}

/// The same from the node's local API.
AgentConfiguration fromLocalApi(const Poco::JSON::Object& object) {
    std::ostringstream text;
    object.stringify(text);
    return AgentConfiguration::parse(text.str(), {}, AgentSource::LocalApi);
}

/// A configuration of several pipes.
Poco::JSON::Object several(const std::vector<Poco::JSON::Object>& pipes) {
    Poco::JSON::Array array;
    for (const auto& pipe : pipes)
        array.add(pipe);
    Poco::JSON::Object object;
    object.set("pipes", array);
    return object;
}

Poco::JSON::Array hosts(const std::vector<std::string>& names) {
    Poco::JSON::Array array;
    for (const auto& name : names)
        array.add(name);
    return array;
}

/// The message that refuses the object.
std::string refusal(const Poco::JSON::Object& object, const std::string& passcode = "") {
    try {
        parse(object, passcode);
    } catch (const FieldError& error) {
        return error.what();
    }
    return "accepted";
}

bool isAbout(const std::string& message, const std::string& key) {
    return message.starts_with(key + ": ");
}

} // namespace

BOOST_AUTO_TEST_SUITE(AgentConfiguration)

BOOST_AUTO_TEST_CASE(takes_what_the_container_is_given) {
    const auto configuration = parse(container());
    BOOST_REQUIRE(configuration.pipes.size() == 1);
    const auto& pipe = configuration.pipes.front();
    BOOST_TEST((pipe.role == Role::Connect));
    BOOST_TEST((pipe.hosts == std::vector<std::string>{"connector.example"}));
    BOOST_TEST(pipe.resolveInterval.count() == 30000);
    BOOST_TEST(pipe.maxAddresses == 16);
    BOOST_TEST(pipe.port == 6000);
    BOOST_TEST(pipe.connectionCount == 60);
    BOOST_TEST(pipe.connections == 0);
    BOOST_TEST(pipe.passcode == kPasscode);
    BOOST_TEST(pipe.localHost == "iofog");
    BOOST_TEST(pipe.localPort == 60401);
    BOOST_TEST(pipe.heartbeatFrequency.count() == 20000);
    BOOST_TEST(pipe.heartbeatAbsenceThreshold.count() == 60000);
    BOOST_TEST(pipe.trusted == "");
    BOOST_TEST(configuration.logLevel == "information");
}

BOOST_AUTO_TEST_CASE(summary_has_no_passcode) {
    const auto summary = pipeOf(container()).summary();
    BOOST_TEST(summary == "up to 60 connections to connector.example:6000 for the target iofog:60401");
}

BOOST_AUTO_TEST_CASE(there_may_be_several_hosts) {
    const auto pipe = pipeOf(containerWith("host", hosts({"a.example", "192.0.2.1", "2001:db8::1"})));
    BOOST_TEST((pipe.hosts == std::vector<std::string>{"a.example", "192.0.2.1", "2001:db8::1"}));
    BOOST_TEST(pipe.summary() == "up to 60 connections each to port 6000 of a.example, 192.0.2.1, "
                                 "2001:db8::1 for the target iofog:60401");
    BOOST_TEST(
        (pipeOf(containerWith("host", hosts({"a.example"}))) == pipeOf(containerWith("host", "a.example"))));
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong_with_hosts) {
    constexpr const char* kAllowed =
        "it must be a host's name or address, without scheme, port, path or brackets, or an array of 1 to 16 "
        "of them, each once";
    BOOST_TEST(refusal(containerWithout("host")) == std::string("host: missing; ") + kAllowed);
    const std::vector<std::pair<Poco::Dynamic::Var, std::string>> wrong{
        {5, "5"},
        {"two words", R"("two words")"},
        {"https://a.example", R"("https://a.example")"},
        {"a.example:443", R"("a.example:443")"},
        {"a.example/", R"("a.example/")"},
        {"192.0.2.1:443", R"("192.0.2.1:443")"},
        {"[2001:db8::1]", R"("[2001:db8::1]")"},
        {"user@a.example", R"("user@a.example")"},
        {"a.example%eth0", R"("a.example%eth0")"},
        {"1%2", R"("1%2")"},
        {hosts({}), "[]"},
        {hosts({"a.example", ""}), R"(["a.example",""])"},
        {hosts({"a.example", "b.example", "a.example"}), R"(["a.example","b.example","a.example"])"},
    };
    for (const auto& [value, shown] : wrong)
        BOOST_TEST(refusal(containerWith("host", value)) ==
                   "host: " + shown + " is not allowed; " + kAllowed);
    auto object = containerWith("host", hosts({"a.example", "b.example"}));
    object.set("maxaddresses", 1);
    BOOST_TEST(refusal(object).ends_with("an array of 1 to 1 of them, each once"));
    Poco::JSON::Array numbers;
    numbers.add(7);
    BOOST_TEST(isAbout(refusal(containerWith("host", numbers)), "host"));
}

/// The link of a zone may come later than the configuration.
BOOST_AUTO_TEST_CASE(hosts_are_names_and_addresses) {
    for (const auto* host : {"connector", "a_b.example.", "xn--bcher-kva.example", "192.0.2.1", "2001:db8::1",
                             "::ffff:192.0.2.1", "fe80::1%nolink0"}) {
        BOOST_TEST(refusal(containerWith("host", host)) == "accepted", host);
        BOOST_TEST(refusal(containerWith("localhost", host)) == "accepted", host);
    }
    BOOST_TEST(
        refusal(containerWith("localhost", "http://127.0.0.1")) ==
        R"(localhost: "http://127.0.0.1" is not allowed; it must be a host's name or address, without )"
        "scheme, port, path or brackets");
}

BOOST_AUTO_TEST_CASE(summary_has_ipv6_addresses_in_brackets) {
    auto object = containerWith("host", "2001:db8::1");
    object.set("localhost", "::1");
    object.set("proxy", "http://[2001:db8::2]:3128");
    BOOST_TEST(pipeOf(object).summary() == "up to 60 connections to [2001:db8::1]:6000 through the proxy "
                                           "[2001:db8::2]:3128 for the target [::1]:60401");
}

/// A running pipe takes these over.
BOOST_AUTO_TEST_CASE(remotes_are_hosts_and_trust) {
    const auto pipe = pipeOf(container());
    BOOST_TEST(pipe.differsInRemotesOnly(pipe));
    for (const auto& [key, value] :
         std::vector<std::pair<const char*, Poco::Dynamic::Var>>{{"host", hosts({"b.example", "c.example"})},
                                                                 {"resolveinterval", 1000},
                                                                 {"maxaddresses", 2},
                                                                 {"proxy", "http://proxy.example"},
                                                                 {"cert", "AAAA"}})
        BOOST_TEST(pipe.differsInRemotesOnly(pipeOf(containerWith(key, value))), key);
    BOOST_TEST(!pipe.differsInRemotesOnly(pipeOf(containerWith("port", 6001))));
    BOOST_TEST(!pipe.differsInRemotesOnly(pipeOf(containerWith("devmode", true))));
}

BOOST_AUTO_TEST_CASE(a_target_may_be_a_unix_socket) {
    auto object = containerWith("localhost", "unix:/run/web.sock");
    object.remove("localport");
    const auto pipe = pipeOf(object);
    BOOST_TEST(pipe.localHost == "unix:/run/web.sock");
    BOOST_TEST(pipe.localPort == 0);
    BOOST_TEST(pipe.summary().ends_with(" for the target unix:/run/web.sock"));
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong_with_a_unix_socket) {
    auto object = containerWith("localhost", "unix:/run/web.sock");
    BOOST_TEST(refusal(object).find("localport: a Unix socket has none") != std::string::npos);
    object.remove("localport");
    for (const auto& wrong :
         {std::string("unix:"), std::string("unix:run/web.sock"), "unix:/" + std::string(107, 'a')}) {
        object.set("localhost", wrong);
        BOOST_TEST(refusal(object).find("the path of a socket") != std::string::npos, wrong);
    }
    object.set("localhost", "unix:/run/web.sock");
    object.set("mode", "private");
    object.set("role", "listen");
    BOOST_TEST(refusal(object).find("for a target") != std::string::npos);
    BOOST_TEST(refusal(containerWith("host", "unix:/run/connector.sock")).find("host: ") == 0U);
}

BOOST_AUTO_TEST_CASE(heartbeats_have_defaults) {
    auto object = containerWithout("heartbeatfrequency");
    object.remove("heartbeatabsencethreshold");
    const auto pipe = pipeOf(object);
    BOOST_TEST(pipe.heartbeatFrequency.count() == 20000);
    BOOST_TEST(pipe.heartbeatAbsenceThreshold.count() == 60000);
}

BOOST_AUTO_TEST_CASE(absence_threshold_is_off_or_longer_than_the_period) {
    BOOST_TEST(pipeOf(containerWith("heartbeatabsencethreshold", 0)).heartbeatAbsenceThreshold.count() == 0);
    BOOST_TEST(
        isAbout(refusal(containerWith("heartbeatabsencethreshold", 20000)), "heartbeatabsencethreshold"));
}

BOOST_AUTO_TEST_CASE(private_mode_has_roles) {
    auto object = containerWith("mode", "private");
    BOOST_TEST(isAbout(refusal(object), "role"));
    object.set("role", "listen");
    BOOST_TEST((pipeOf(object).role == Role::Listen));
    object.set("role", "connect");
    BOOST_TEST((pipeOf(object).role == Role::Connect));
    object.set("role", "both");
    BOOST_TEST(isAbout(refusal(object), "role"));
}

BOOST_AUTO_TEST_CASE(public_mode_has_none) {
    BOOST_TEST(isAbout(refusal(containerWith("role", "connect")), "role"));
}

BOOST_AUTO_TEST_CASE(every_key_is_needed_or_has_a_default) {
    for (const auto* key : {"mode", "host", "port", "connectioncount", "passcode", "localhost", "localport"})
        BOOST_TEST(isAbout(refusal(containerWithout(key)), key));
}

BOOST_AUTO_TEST_CASE(names_the_key_that_is_wrong) {
    const std::vector<std::pair<const char*, Poco::Dynamic::Var>> wrong{
        {"mode", "other"},
        {"host", ""},
        {"host", "two words"},
        {"host", 5},
        {"port", 0},
        {"port", 65536},
        {"port", "6000"},
        {"resolveinterval", 999},
        {"resolveinterval", 86400001},
        {"maxaddresses", 0},
        {"maxaddresses", 257},
        {"connectioncount", 0},
        {"connectioncount", 10001},
        {"localhost", ""},
        {"localport", 0},
        {"devmode", 1},
        {"heartbeatfrequency", 0},
        {"heartbeatfrequency", 1.5},
        {"heartbeatabsencethreshold", -1},
        {"cert", 7},
        {"loglevel", "loud"},
        {"proxyprotocol", "v3"},
        {"proxyprotocol", ""},
        {"proxyprotocol", 1},
    };
    for (const auto& [key, value] : wrong)
        BOOST_TEST(isAbout(refusal(containerWith(key, value)), key), key << " " << value.toString());
}

BOOST_AUTO_TEST_CASE(refuses_unknown_keys_naming_the_known) {
    const auto message = refusal(containerWith("conectioncount", 5));
    BOOST_TEST(isAbout(message, "conectioncount"));
    BOOST_TEST(message.find("connectioncount, ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(passcode_may_come_from_elsewhere) {
    BOOST_TEST(pipeOf(containerWithout("passcode"), "from-elsewhere").passcode == "from-elsewhere");
    BOOST_TEST(pipeOf(container(), "from-elsewhere").passcode == kPasscode);
    BOOST_TEST(refusal(containerWithout("passcode")) ==
               "passcode: missing; it must be here, or in IOFOG_AGENT_PASSCODE in the environment");
}

BOOST_AUTO_TEST_CASE(never_shows_a_passcode) {
    for (const Poco::Dynamic::Var& wrong :
         {Poco::Dynamic::Var(8127364), Poco::Dynamic::Var("8127364 with spaces"),
          Poco::Dynamic::Var(std::string(129, '8'))}) {
        const auto message = refusal(containerWith("passcode", wrong));
        BOOST_TEST(isAbout(message, "passcode"));
        BOOST_TEST(message.find("81") == std::string::npos);
        BOOST_TEST(message.find("88") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(never_shows_the_passcode_of_pipes_that_are_no_array) {
    Poco::JSON::Object object;
    object.set("pipes", container());
    const auto message = refusal(object);
    BOOST_TEST(isAbout(message, "pipes"));
    BOOST_TEST(message.find(kPasscode) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_empty_passcode_is_not_allowed) {
    BOOST_TEST(isAbout(refusal(containerWith("passcode", ""), "from-elsewhere"), "passcode"));
}

BOOST_AUTO_TEST_CASE(certificate_may_be_the_body_alone) {
    const std::string line(64, 'A');
    const std::string pem =
        "-----BEGIN CERTIFICATE-----\n" + line + "\n" + line + "\nBBBB\n-----END CERTIFICATE-----\n";
    BOOST_TEST(pipeOf(containerWith("cert", pem)).trusted == pem);
    BOOST_TEST(pipeOf(containerWith("cert", line + line + "BBBB")).trusted == pem);
    BOOST_TEST(pipeOf(containerWith("cert", line + "\r\n" + line + "\n BBBB\n")).trusted == pem);
    BOOST_TEST(pipeOf(containerWith("cert", "")).trusted == "");
}

/// A Fog Controller takes away the first line and the last one, however many certificates there are.
BOOST_AUTO_TEST_CASE(certificates_may_lack_the_outer_lines) {
    const std::string begin = "-----BEGIN CERTIFICATE-----\n";
    const std::string end = "-----END CERTIFICATE-----\n";
    const auto body = [](char character) { return std::string(64, character) + "\nBBBB\n"; };
    const auto given = body('A') + end + begin + body('C') + end + "\n" + begin + body('D');
    const auto pem = begin + body('A') + end + begin + body('C') + end + begin + body('D') + end;
    BOOST_TEST(pipeOf(containerWith("cert", given)).trusted == pem);
    BOOST_TEST(pipeOf(containerWith("cert", given.substr(0, given.size() - 1))).trusted == pem);
    BOOST_TEST(pipeOf(containerWith("cert", pem)).trusted == pem);
}

BOOST_AUTO_TEST_CASE(devmode_is_without_tls) {
    BOOST_TEST(!pipeOf(container()).isPlain);
    BOOST_TEST(!pipeOf(containerWith("devmode", false)).isPlain);
    BOOST_TEST(pipeOf(containerWith("devmode", true)).isPlain);
    BOOST_TEST(isAbout(refusal(containerWith("devmode", "true")), "devmode"));
}

/// ioFog's own private mode.
BOOST_AUTO_TEST_CASE(private_mode_without_a_role_carries_messages) {
    auto object = containerWith("mode", "private");
    object.set("localport", 0);
    BOOST_TEST(refusal(object).find("--iofog") != std::string::npos);
    const auto pipe = fromLocalApi(object).pipes.at(0);
    BOOST_TEST((pipe.role == Role::Messages));
    BOOST_TEST(pipe.summary() == "up to 60 connections to connector.example:6000 for ioMessages");
}

BOOST_AUTO_TEST_CASE(roles_are_the_same_from_the_local_api) {
    auto object = containerWith("mode", "private");
    object.set("role", "listen");
    BOOST_TEST((fromLocalApi(object).pipes.at(0).role == Role::Listen));
    object.set("localport", 0);
    BOOST_CHECK_THROW(fromLocalApi(object), FieldError);
    BOOST_TEST((fromLocalApi(container()).pipes.at(0).role == Role::Connect));
    BOOST_CHECK_THROW(fromLocalApi(containerWith("localport", 0)), FieldError);
}

BOOST_AUTO_TEST_CASE(only_one_pipe_carries_messages) {
    const auto object = containerWith("mode", "private");
    BOOST_CHECK_NO_THROW(fromLocalApi(several({object, container()})));
    BOOST_CHECK_EXCEPTION(fromLocalApi(several({object, container(), object})), FieldError,
                          [](const FieldError& error) { return isAbout(error.what(), "pipes"); });
}

BOOST_AUTO_TEST_CASE(proxy_protocol_is_off_unless_named) {
    using connector::ProxyProtocol;
    BOOST_TEST((pipeOf(container()).proxyProtocol == ProxyProtocol::None));
    BOOST_TEST((pipeOf(containerWith("proxyprotocol", "v1")).proxyProtocol == ProxyProtocol::V1));
    BOOST_TEST((pipeOf(containerWith("proxyprotocol", "v2")).proxyProtocol == ProxyProtocol::V2));
}

BOOST_AUTO_TEST_CASE(proxy_protocol_needs_a_target) {
    auto object = containerWith("mode", "private");
    object.set("proxyprotocol", "v1");
    object.set("role", "connect");
    BOOST_TEST((pipeOf(object).proxyProtocol == connector::ProxyProtocol::V1));
    object.set("role", "listen");
    BOOST_TEST(isAbout(refusal(object), "proxyprotocol"));
}

BOOST_AUTO_TEST_CASE(there_may_be_several_pipes) {
    auto object = several({container(), containerWith("port", 6001), containerWith("passcode", "another")});
    object.set("loglevel", "debug");
    const auto configuration = parse(object);
    BOOST_REQUIRE(configuration.pipes.size() == 3);
    BOOST_TEST((configuration.pipes[0] == pipeOf(container())));
    BOOST_TEST(configuration.pipes[1].port == 6001);
    BOOST_TEST(configuration.pipes[2].passcode == "another");
    BOOST_TEST(configuration.logLevel == "debug");
}

BOOST_AUTO_TEST_CASE(several_pipes_may_have_their_passcode_from_elsewhere) {
    const auto configuration = parse(several({containerWithout("passcode"), container()}), "from-elsewhere");
    BOOST_REQUIRE(configuration.pipes.size() == 2);
    BOOST_TEST(configuration.pipes[0].passcode == "from-elsewhere");
    BOOST_TEST(configuration.pipes[1].passcode == kPasscode);
}

BOOST_AUTO_TEST_CASE(names_the_pipe_that_is_wrong) {
    BOOST_TEST(isAbout(refusal(several({container(), containerWith("port", 0)})), "pipes[1].port"));
    BOOST_TEST(isAbout(refusal(several({containerWithout("host"), container()})), "pipes[0].host"));
    BOOST_TEST(isAbout(refusal(several({containerWith("prot", 1)})), "pipes[0].prot"));
    BOOST_TEST(
        isAbout(refusal(several({container(), containerWith("loglevel", "debug")})), "pipes[1].loglevel"));
}

BOOST_AUTO_TEST_CASE(pipes_is_an_array_of_at_least_one_object) {
    BOOST_TEST(isAbout(refusal(several({})), "pipes"));
    Poco::JSON::Object object;
    object.set("pipes", 7);
    BOOST_TEST(isAbout(refusal(object), "pipes"));
    Poco::JSON::Array numbers;
    numbers.add(7);
    object.set("pipes", numbers);
    BOOST_TEST(refusal(object).starts_with("pipes"));
}

/// Which of the two would count?
BOOST_AUTO_TEST_CASE(pipes_and_the_keys_of_one_exclude_each_other) {
    auto object = several({container()});
    object.set("host", "connector.example");
    BOOST_TEST(isAbout(refusal(object), "host"));
}

BOOST_AUTO_TEST_CASE(pipes_differ_in_every_setting) {
    for (const auto& [key, value] :
         std::vector<std::pair<const char*, Poco::Dynamic::Var>>{{"host", "other.example"},
                                                                 {"host", hosts({"a.example", "b.example"})},
                                                                 {"resolveinterval", 30001},
                                                                 {"maxaddresses", 17},
                                                                 {"port", 6001},
                                                                 {"connectioncount", 61},
                                                                 {"passcode", "another"},
                                                                 {"localhost", "elsewhere"},
                                                                 {"localport", 60402},
                                                                 {"heartbeatfrequency", 20001},
                                                                 {"heartbeatabsencethreshold", 60001},
                                                                 {"cert", "AAAA"},
                                                                 {"devmode", true},
                                                                 {"proxy", "http://proxy.example"},
                                                                 {"proxyprotocol", "v1"}})
        BOOST_TEST((pipeOf(containerWith(key, value)) != pipeOf(container())), key);
    BOOST_TEST((pipeOf(container()) == pipeOf(container())));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there) {
    BOOST_CHECK_THROW(connector::AgentConfiguration::load("/nonexistent/agent.json", {}), FileReadError);
}

BOOST_AUTO_TEST_SUITE_END()
