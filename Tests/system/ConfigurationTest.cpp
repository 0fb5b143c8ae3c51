#include "ConnectorProcess.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kConfigurationError = 78; // EX_CONFIG of sysexits.h

Finished check(const ConnectorSetup& setup) {
    return run(setup.command({"--check"}));
}

/// A wrong value of one key, as JSON, and what the message must show of it besides file and key.
struct WrongValue {
    std::string key;
    std::string json;
    std::string shown;
};
std::ostream& operator<<(std::ostream& out, const WrongValue& wrong) {
    return out << wrong.key << " = " << wrong.json;
}

const std::vector<WrongValue> kWrongValues{
    {"ports", "5", "5"},
    {"ports", "[]", "ports"},
    {"ports", "[6000]", "6000"},
    {"ports", "[null]", "ports"},
    {"ports", R"(["abc"])", "abc"},
    {"ports", R"([""])", "ports"},
    {"ports", R"(["6050-6000"])", "6050-6000"},
    {"ports", R"(["0"])", "0"},
    {"ports", R"(["0-10"])", "0-10"},
    {"ports", R"(["65536"])", "65536"},
    {"ports", R"(["65530-65536"])", "65536"},
    {"ports", R"(["99999999999"])", "99999999999"},
    {"ports", R"(["-5"])", "-5"},
    {"ports", R"(["6000-"])", "6000-"},
    {"ports", R"(["6000-6010-6020"])", "6000-6010-6020"},
    {"ports", R"(["6000 - 6010x"])", "6010x"},
    {"ports", R"(["6000.5"])", "6000.5"},
    {"ports", R"(["6000-6050","6040-6060"])", "6040"},
    {"ports", R"(["6000-6050","6000"])", "6000"},
    {"ports", R"(["6000","6000"])", "6000"},
    {"exclude", "5", "5"},
    {"exclude", R"(["6050-6000"])", "6050-6000"},
    {"exclude", R"(["70000"])", "70000"},
    {"broker", R"("x")", "x"},
    {"broker", "65536", "65536"},
    {"address", "5", "5"},
    {"address", "null", "address"},
    {"address", R"("")", "address"},
    {"address", R"("two words")", "two words"},
    {"address", R"("connector.example.org:443")", "port"},
    {"dev", R"("true")", "true"},
    {"dev", "1", "1"},
    {"dev", "null", "dev"},
    {"api", "5", "5"},
    {"api.bind", "5", "5"},
    {"api.bind", R"("")", "bind"},
    {"api.bind", R"("not an address")", "not an address"},
    {"api.bind", R"("256.1.1.1")", "256.1.1.1"},
    {"api.port", "0", "0"},
    {"api.port", "65536", "65536"},
    {"api.port", "-1", "-1"},
    {"api.port", R"("8080")", "8080"},
    {"api.port", "8080.5", "8080.5"},
    {"api.anonymous", R"("yes")", "yes"},
    {"api.hosts", R"({})", "hosts"},
    {"api.hosts", R"([""])", "hosts"},
    {"api.hosts", R"(["controller:8080"])", "controller:8080"},
    {"api.hosts", R"(["http://controller"])", "http://controller"},
    {"api.hosts", R"(["*.example.org"])", "*.example.org"},
    {"limits.api-unidentified", "0", "api-unidentified"},
    {"api.identities", "{}", "identities"},
    {"api.identities", "[5]", "identities"},
    {"api.identities", R"([{"token":"secret-token"}])", "name"},
    {"api.identities", R"([{"name":"a"}])", "token"},
    {"api.identities", R"([{"name":"a","network":"10.0.0.0/8"},{"name":"a","network":"::1/128"}])", "name"},
    {"api.identities", R"([{"name":"a","token":""}])", "token"},
    {"api.identities", R"([{"name":"a","token":5}])", "token"},
    {"api.identities", R"([{"name":"","network":"10.0.0.0/8"}])", "name"},
    {"api.identities", R"([{"name":"a","token":"secret-token","network":"10.0.0.0/8"}])", "network"},
    {"api.identities", R"([{"name":"a","network":"10.0.0.0/33"}])", "10.0.0.0/33"},
    {"api.identities", R"([{"name":"a","network":"nowhere"}])", "nowhere"},
    {"api.identities", R"([{"name":"a","network":"::/129"}])", "::/129"},
    {"api.identities", R"([{"name":"a","certificate":"zz"}])", "zz"},
    {"api.identities", R"([{"name":"a","certificate":"abcd"}])", "abcd"},
    {"api.identities", R"([{"name":"a","network":"10.0.0.0/8","color":"red"}])", "color"},
    {"pipes.bind", "5", "5"},
    {"pipes.bind", R"(["not an address"])", "not an address"},
    {"pipes.bind", R"([5])", "bind"},
    {"pipes.allow-plain-visitors", "\"yes\"", "allow-plain-visitors"},
    {"pipes.trusted-proxies", R"("10.0.0.0/8")", "10.0.0.0/8"},
    {"pipes.trusted-proxies", R"(["10.0.0.1"])", "10.0.0.1"},
    {"pipes.trusted-proxies", R"(["10.0.0.1/8"])", "10.0.0.1/8"},
    {"api.trusted-proxies", R"(["haproxy"])", "haproxy"},
    {"api.trusted-proxies", R"(["10.0.0.0/8"])", "api.identities"},
    {"limits.proxy-headers", "0", "0"},
    {"limits.last-use", "0", "last-use"},
    {"tls.certificate", "5", "5"},
    {"tls.key", "[]", "key"},
    {"database", "5", "5"},
    {"database", R"("")", "database"},
    {"log.level", R"("loud")", "loud"},
    {"log.level", "3", "3"},
    {"log.file", "5", "5"},
    {"limits.keepalive-idle", "32767001", "32767000"},
    {"limits.keepalive-interval", "32767001", "32767000"},
    {"threads", "0", "0"},
    {"threads", "-1", "-1"},
    {"threads", "1.5", "1.5"},
    {"threads", R"("2")", "2"},
    {"threads", "1000000", "1000000"},
};

const std::vector<std::string> kUnknownKeys{"port",         "api.tls",   "pipes.port",
                                            "tls.password", "log.color", "limits.greeting-second-byte"};

const std::vector<std::string> kLimits{"greeting-first-byte",
                                       "greeting-rest",
                                       "authorizing",
                                       "visitor-wait",
                                       "place-wait",
                                       "first-bytes",
                                       "open",
                                       "waiting-visitors",
                                       "held-payload",
                                       "relay-buffer",
                                       "buffered",
                                       "unsent",
                                       "linger",
                                       "user-timeout",
                                       "keepalive-idle",
                                       "keepalive-interval",
                                       "descriptors",
                                       "backlog",
                                       "request-body",
                                       "request-time",
                                       "api-threads",
                                       "api-connections",
                                       "api-connections-per-address",
                                       "retry-ports"};
const std::vector<std::string> kWrongLimits{"-1", "1.5", R"("10")", "null", "[]", "true", "99999999999999"};

/// Whether Connector refuses this, naming the file and all these words, and exits as it must.
bool isRefused(const Finished& finished, const ConnectorSetup& setup, const std::vector<std::string>& words) {
    bool named = finished.output.find(setup.configFile()) != std::string::npos;
    for (const auto& word : words)
        named = named && finished.output.find(word) != std::string::npos;
    return named && finished.exitCode == kConfigurationError;
}

std::string shown(const Finished& finished) {
    return "exit " + std::to_string(finished.exitCode) + ": " + finished.output;
}

/// The innermost name of a dotted key.
std::string lastName(const std::string& key) {
    return key.substr(key.rfind('.') + 1);
}

} // namespace

BOOST_AUTO_TEST_SUITE(Configuration)

BOOST_DATA_TEST_CASE(ValidConfigurationPasses, kModes, mode) {
    const ConnectorSetup setup(mode);
    const auto finished = check(setup);
    BOOST_TEST(finished.exitCode == 0, shown(finished));
}

BOOST_AUTO_TEST_CASE(FiveKeysAreEnough) {
    ConnectorSetup setup;
    for (const auto* key : {"api", "pipes", "database", "log", "threads"})
        setup.unset(key);
    const auto finished = check(setup);
    BOOST_TEST(finished.exitCode == 0, shown(finished));
}

BOOST_AUTO_TEST_CASE(EveryKeyIsTaken) {
    ConnectorSetup setup(Mode::Tls);
    setup.setJson("ports", R"(["6000-6050","7001"])");
    setup.setJson("exclude", R"(["6010-6020","6030"])");
    setup.setJson("broker", R"({"anything":[1,2,3]})");
    setup.setJson("api.identities",
                  R"([{"name":"a","token":"0123456789abcdef0123456789abcdef"},)"
                  R"({"name":"b","network":"192.0.2.0/24"},{"name":"c","network":"2001:db8::/32"},)"
                  R"({"name":"d","certificate":")" +
                      setup.serverCertificate().fingerprint() + R"("}])");
    setup.set("api.bind", "0.0.0.0");
    setup.set("api.anonymous", false);
    setup.set("tls.controllers-ca", CertificateAuthority::shared().certificateFile());
    setup.set("log.file", setup.folder().path("connector.log"));
    const auto finished = check(setup);
    BOOST_TEST(finished.exitCode == 0, shown(finished));
}

BOOST_AUTO_TEST_CASE(EveryLimitIsTaken) {
    ConnectorSetup setup;
    const std::map<std::string, int> values{{"relay-buffer", 65536}, {"unsent", 65536},
                                            {"held-payload", 65536}, {"buffered", 1048576},
                                            {"descriptors", 500},    {"request-body", 65536}};
    for (const auto& limit : kLimits)
        setup.set("limits." + limit, values.contains(limit) ? values.at(limit) : 1000);
    const auto finished = check(setup);
    // What is above a limit's range is a matter of that limit; that no name is unknown is the matter here.
    BOOST_TEST(finished.output.find("unknown") == std::string::npos, shown(finished));
}

BOOST_AUTO_TEST_CASE(CheckOnlyChecks) {
    const ConnectorSetup setup;
    BOOST_TEST(check(setup).exitCode == 0);
    BOOST_CHECK_THROW(readFile(setup.databaseFile()), std::runtime_error);
    const ConnectorProcess running(setup);
    BOOST_TEST(check(setup).exitCode == 0, "the port is in use, but that is no matter of the configuration");
}

BOOST_AUTO_TEST_CASE(WrongValuesAreNamed) {
    for (const auto& wrong : kWrongValues) {
        ConnectorSetup setup(Mode::Tls);
        setup.setJson(wrong.key, wrong.json);
        const auto finished = check(setup);
        BOOST_TEST(isRefused(finished, setup, {lastName(wrong.key), wrong.shown}),
                   wrong << ": " << shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(WrongValueStopsTheServerToo) {
    ConnectorSetup setup;
    setup.setJson("ports", R"(["6050-6000"])");
    const auto finished = run(setup.command());
    BOOST_TEST(isRefused(finished, setup, {"ports", "6050-6000"}), shown(finished));
}

BOOST_AUTO_TEST_CASE(WrongLimitsAreNamed) {
    for (const auto& limit : kLimits) {
        for (const auto& value : kWrongLimits) {
            ConnectorSetup setup;
            setup.setJson("limits." + limit, value);
            const auto finished = check(setup);
            BOOST_TEST(isRefused(finished, setup, {"limits." + limit}),
                       limit << " = " << value << ": " << shown(finished));
        }
    }
}

/// They are counted in 32 bits.
BOOST_AUTO_TEST_CASE(MoreApiConnectionsThanCanBeCountedAreNamed) {
    for (const auto* limit : {"limits.api-connections", "limits.api-connections-per-address"}) {
        ConnectorSetup setup;
        setup.setJson(limit, "4294967296");
        const auto finished = check(setup);
        BOOST_TEST(isRefused(finished, setup, {limit, "1000000"}), shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(UnknownKeysAreNamed) {
    for (const auto& key : kUnknownKeys) {
        ConnectorSetup setup;
        setup.set(key, 1);
        const auto finished = check(setup);
        BOOST_TEST(isRefused(finished, setup, {key}), key << ": " << shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(MissingKeysAreNamed) {
    for (const std::string key : {"ports", "address"}) {
        ConnectorSetup setup;
        setup.unset(key);
        const auto finished = check(setup);
        BOOST_TEST(isRefused(finished, setup, {key}), key << ": " << shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(ApiPortInsidePortsIsRefused) {
    ConnectorSetup setup;
    setup.set("api.port", setup.firstMappingPort());
    const auto finished = check(setup);
    BOOST_TEST(isRefused(finished, setup, {"api.port", std::to_string(setup.firstMappingPort())}),
               shown(finished));
}

BOOST_AUTO_TEST_CASE(DefaultApiPortInsidePortsIsRefused) {
    ConnectorSetup setup;
    setup.unset("api.port");
    setup.setJson("ports", R"(["8000-8100"])");
    const auto finished = check(setup);
    BOOST_TEST(isRefused(finished, setup, {"8080"}), shown(finished));
}

BOOST_AUTO_TEST_CASE(WideBindWithoutIdentitiesIsRefused) {
    for (const std::string address : {"0.0.0.0", "::", "192.0.2.1"}) {
        ConnectorSetup setup;
        setup.set("api.bind", address);
        const auto finished = check(setup);
        BOOST_TEST(isRefused(finished, setup, {"api.bind", address}), shown(finished));
        setup.set("api.anonymous", true);
        BOOST_TEST(check(setup).exitCode == 0, "anonymous, " << address);
        setup.set("api.anonymous", false);
        setup.setJson("api.identities", R"([{"name":"a","network":"192.0.2.0/24"}])");
        BOOST_TEST(check(setup).exitCode == 0, "with identities, " << address);
    }
}

BOOST_AUTO_TEST_CASE(CertificateIdentityNeedsACa) {
    ConnectorSetup setup(Mode::Tls);
    setup.setJson("api.identities",
                  R"([{"name":"a","certificate":")" + setup.serverCertificate().fingerprint() + R"("}])");
    const auto finished = check(setup);
    BOOST_TEST(isRefused(finished, setup, {"controllers-ca"}), shown(finished));
}

BOOST_AUTO_TEST_CASE(CertificateProblemsAreNamed) {
    ConnectorSetup setup(Mode::Tls);
    const auto other = CertificateAuthority::shared().issue(setup.folder(), "other");
    const auto& own = setup.serverCertificate();
    const auto junk = setup.folder().write("junk.pem", "-----BEGIN CERTIFICATE-----\njunk\n");
    const auto missing = setup.folder().path("missing.pem");
    const auto loop = setup.folder().path("loop.pem"); // for root too, the system refuses to open it
    std::filesystem::create_symlink(loop, loop);
    struct Case {
        std::string certificate;
        std::string key;
        std::string mentions;
    };
    for (const auto& [certificate, key, mentions] :
         {Case{missing, own.keyFile, missing},
          Case{own.certificateFile, missing, missing + ": the key can't be read: No such file"},
          Case{own.certificateFile, loop, loop + ": the key can't be read: Too many levels"},
          Case{junk, own.keyFile, junk}, Case{own.certificateFile, junk, junk},
          Case{own.certificateFile, other.keyFile, other.keyFile},
          Case{setup.folder().path("."), own.keyFile, "certificate"}}) {
        setup.set("tls.certificate", certificate);
        setup.set("tls.key", key);
        const auto finished = check(setup);
        BOOST_TEST(isRefused(finished, setup, {mentions}),
                   certificate << " " << key << ": " << shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(CertificatesStandBesideTheConfiguration) {
    ConnectorSetup setup(Mode::Tls);
    const auto& own = setup.serverCertificate();
    setup.folder().write("server-cert.pem", readFile(own.certificateFile));
    setup.folder().write("server-key.pem", readFile(own.keyFile));
    setup.unset("tls");
    const auto byDefault = check(setup);
    BOOST_TEST(byDefault.exitCode == 0, shown(byDefault));
    setup.set("tls.certificate", "server.pem");
    setup.set("tls.key", "server.key");
    const auto relative = check(setup);
    BOOST_TEST(relative.exitCode == 0, shown(relative));
}

BOOST_AUTO_TEST_CASE(UnreadableControllersCaIsNamed) {
    ConnectorSetup setup(Mode::Tls);
    setup.set("tls.controllers-ca", setup.folder().path("missing.pem"));
    const auto finished = check(setup);
    BOOST_TEST(isRefused(finished, setup, {"controllers-ca"}), shown(finished));
}

BOOST_AUTO_TEST_CASE(WhatIsNotJsonIsRefused) {
    ConnectorSetup setup;
    const auto good = setup.config();
    for (const auto& text : {std::string(), std::string("ports=6000"), std::string("[]"), std::string("null"),
                             good + "x", good + good, "// a comment\n" + good,
                             good.substr(0, good.size() / 2), std::string("{\"ports\":[\"6000-6050\"],}"),
                             std::string(5000, '['), "\xFF\xFE" + good, good + std::string(1, '\0')}) {
        setup.replaceConfig(text);
        const auto finished = check(setup);
        BOOST_TEST(isRefused(finished, setup, {}), text.substr(0, 50) << ": " << shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(DuplicateKeysAreRefused) {
    ConnectorSetup setup;
    const auto good = setup.config();
    setup.replaceConfig("{\"dev\": true," + good.substr(good.find('{') + 1));
    const auto finished = check(setup);
    BOOST_TEST(isRefused(finished, setup, {"dev"}), shown(finished));
}

BOOST_AUTO_TEST_CASE(MissingFileIsNamed) {
    for (const auto& [file, why] :
         {std::pair("/nonexistent/file.config", "No such file"), std::pair("/etc", "Is a directory")}) {
        const auto finished =
            run({.words = {programPath("CONNECTOR_BIN"), "--config=" + std::string(file)}, .outputFile = ""});
        BOOST_TEST(finished.exitCode == kConfigurationError, shown(finished));
        const auto told = std::string(file) + ": can't be read: " + why;
        BOOST_TEST(finished.output.find(told) != std::string::npos, shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(UnknownOptionIsRefused) {
    const ConnectorSetup setup;
    const auto finished = run(setup.command({"--chekc"}));
    BOOST_TEST(finished.exitCode != 0, shown(finished));
    BOOST_TEST(finished.output.find("chekc") != std::string::npos, shown(finished));
}

BOOST_AUTO_TEST_CASE(VersionAndHelpAreShown) {
    for (const std::string option : {"--version", "--help"}) {
        const auto finished = run({.words = {programPath("CONNECTOR_BIN"), option}, .outputFile = ""});
        BOOST_TEST(finished.exitCode == 0, shown(finished));
        BOOST_TEST(!finished.output.empty());
    }
}

BOOST_AUTO_TEST_CASE(LogGoesToItsFile) {
    ConnectorSetup setup;
    const auto file = setup.folder().path("connector.log");
    setup.set("log.file", file);
    const ConnectorProcess connector(setup);
    const auto added = connector.api().addPublic();
    waitUntil("the mapping is in the log file",
              [&] { return readFile(file).find(added.id) != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(UnwritableLogFileIsAnError) {
    ConnectorSetup setup;
    setup.set("log.file", setup.configFile() + "/connector.log");
    const auto finished = run(setup.command());
    BOOST_TEST(finished.exitCode != 0, shown(finished));
    BOOST_TEST(finished.output.find("connector.log") != std::string::npos, shown(finished));
}

BOOST_AUTO_TEST_CASE(TakenApiPortIsAnError) {
    const ConnectorSetup setup;
    const ConnectorProcess running(setup);
    ConnectorSetup second;
    second.set("api.port", setup.apiPort());
    const auto finished = run(second.command());
    BOOST_TEST(finished.exitCode != 0, shown(finished));
    BOOST_TEST(finished.output.find(std::to_string(setup.apiPort())) != std::string::npos, shown(finished));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
