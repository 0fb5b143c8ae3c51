#include "agent/AgentConfiguration.h"

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
    return AgentConfiguration::parse(text.str(), passcode);
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
    const auto& pipe = configuration.pipe;
    BOOST_TEST((pipe.role == Role::Connect));
    BOOST_TEST(pipe.host == "connector.example");
    BOOST_TEST(pipe.port == 6000);
    BOOST_TEST(pipe.connections == 60);
    BOOST_TEST(pipe.passcode == kPasscode);
    BOOST_TEST(pipe.localHost == "iofog");
    BOOST_TEST(pipe.localPort == 60401);
    BOOST_TEST(pipe.heartbeatFrequency.count() == 20000);
    BOOST_TEST(pipe.heartbeatAbsenceThreshold.count() == 60000);
    BOOST_TEST(pipe.trusted == "");
    BOOST_TEST(configuration.logLevel == "information");
}

BOOST_AUTO_TEST_CASE(summary_has_no_passcode) {
    const auto summary = parse(container()).pipe.summary();
    BOOST_TEST(summary == "60 connections to connector.example:6000 for the target iofog:60401");
}

BOOST_AUTO_TEST_CASE(heartbeats_have_defaults) {
    auto object = containerWithout("heartbeatfrequency");
    object.remove("heartbeatabsencethreshold");
    const auto pipe = parse(object).pipe;
    BOOST_TEST(pipe.heartbeatFrequency.count() == 20000);
    BOOST_TEST(pipe.heartbeatAbsenceThreshold.count() == 60000);
}

BOOST_AUTO_TEST_CASE(absence_threshold_is_off_or_longer_than_the_period) {
    BOOST_TEST(parse(containerWith("heartbeatabsencethreshold", 0)).pipe.heartbeatAbsenceThreshold.count() ==
               0);
    BOOST_TEST(
        isAbout(refusal(containerWith("heartbeatabsencethreshold", 20000)), "heartbeatabsencethreshold"));
}

BOOST_AUTO_TEST_CASE(private_mode_has_roles) {
    auto object = containerWith("mode", "private");
    BOOST_TEST(isAbout(refusal(object), "role"));
    object.set("role", "listen");
    BOOST_TEST((parse(object).pipe.role == Role::Listen));
    object.set("role", "connect");
    BOOST_TEST((parse(object).pipe.role == Role::Connect));
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
        {"connectioncount", 0},
        {"connectioncount", 10001},
        {"localhost", ""},
        {"localport", 0},
        {"heartbeatfrequency", 0},
        {"heartbeatfrequency", 1.5},
        {"heartbeatabsencethreshold", -1},
        {"cert", 7},
        {"loglevel", "loud"},
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
    BOOST_TEST(parse(containerWithout("passcode"), "from-elsewhere").pipe.passcode == "from-elsewhere");
    BOOST_TEST(parse(container(), "from-elsewhere").pipe.passcode == kPasscode);
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

BOOST_AUTO_TEST_CASE(an_empty_passcode_is_not_allowed) {
    BOOST_TEST(isAbout(refusal(containerWith("passcode", ""), "from-elsewhere"), "passcode"));
}

BOOST_AUTO_TEST_CASE(certificate_may_be_the_body_alone) {
    const std::string line(64, 'A');
    const std::string pem =
        "-----BEGIN CERTIFICATE-----\n" + line + "\n" + line + "\nBBBB\n-----END CERTIFICATE-----\n";
    BOOST_TEST(parse(containerWith("cert", pem)).pipe.trusted == pem);
    BOOST_TEST(parse(containerWith("cert", line + line + "BBBB")).pipe.trusted == pem);
    BOOST_TEST(parse(containerWith("cert", line + "\r\n" + line + "\n BBBB\n")).pipe.trusted == pem);
    BOOST_TEST(parse(containerWith("cert", "")).pipe.trusted == "");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there) {
    BOOST_CHECK_THROW(connector::AgentConfiguration::load("/nonexistent/agent.json", ""), FieldError);
}

BOOST_AUTO_TEST_SUITE_END()
