#include "ApiClient.h"
#include "Commands.h"
#include "ConnectorProcess.h"
#include "Terminal.h"

#include <Poco/Crypto/X509Certificate.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <future>
#include <sys/stat.h>

namespace connector::test {

namespace {

using namespace std::string_literals;

/// A folder for `setup` to write into, and ports for what it has made.
class SetupFolder {
  public:
    std::string file(const std::string& name = "iofog-connector.config") const { return _folder.path(name); }
    std::uint16_t apiPort() const { return _ports.first(); }
    const Folder& folder() const { return _folder; }

    Finished run(std::vector<std::string> words) const {
        words.insert(words.begin(), {programPath("CONNECTOR_BIN"), "--config=" + file()});
        return test::run({.words = words, .outputFile = ""});
    }

    /// `setup` with the options that every test needs, and these.
    Finished setUp(const std::vector<std::string>& options) const {
        std::vector<std::string> words{"setup", "--ports=" + _ports.range(1, 50),
                                       "--api-port=" + std::to_string(apiPort()), "--api-bind=127.0.0.1",
                                       "--database=" + file("mappings.db")};
        words.insert(words.end(), options.begin(), options.end());
        return run(words);
    }

    /// `setup` that asks for everything.
    ChildProcess::Command setUpOn(const Terminal& terminal) const {
        return {.words = {programPath("CONNECTOR_BIN"), "setup", "--config=" + file()},
                .outputFile = terminal.name(),
                .inputFile = terminal.name()};
    }

    Poco::JSON::Object::Ptr config() const {
        return Poco::JSON::Parser().parse(readFile(file())).extract<Poco::JSON::Object::Ptr>();
    }

    /// Makes what was made safe for a test: no port on other addresses than loopback.
    void bindPipesToLoopback() const {
        auto config = this->config();
        Poco::JSON::Object::Ptr pipes = new Poco::JSON::Object;
        pipes->set("bind", "127.0.0.1");
        config->set("pipes", pipes);
        std::ostringstream text;
        config->stringify(text);
        writeFile(file(), text.str());
    }

  private:
    Folder _folder;
    PortBlock _ports;
};

bool isThere(const std::string& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0;
}

/// The elements of an array of strings.
std::vector<std::string> textsIn(const Poco::JSON::Array& array) {
    std::vector<std::string> result;
    for (const auto& element : array)
        result.push_back(element.convert<std::string>());
    return result;
}

mode_t modeOf(const std::string& file) {
    struct stat status {};
    ::stat(file.c_str(), &status);
    return status.st_mode & 0777;
}

Poco::JSON::Object::Ptr parse(const std::string& text) {
    return Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
}

} // namespace

BOOST_AUTO_TEST_SUITE(SetupCommand)

BOOST_AUTO_TEST_CASE(WhatIsMadeServes) {
    const SetupFolder folder;
    const auto made = folder.setUp({"--address=127.0.0.1", "--json"});
    BOOST_TEST_REQUIRE(made.exitCode == 0, shown(made));
    const auto controller = parse(made.output)->getObject("controller");
    BOOST_TEST(controller->getValue<int>("port") == folder.apiPort());
    folder.bindPipesToLoopback();
    const auto checked = folder.run({"check"});
    BOOST_TEST(checked.exitCode == 0, shown(checked));
    BOOST_TEST(!says(checked, "warning"), shown(checked));

    Daemon connector("Connector", {{programPath("CONNECTOR_BIN"), "--config=" + folder.file()},
                                   folder.file("output.log")});
    connector.waitForLog("is ready");
    // The Fog Controller's part: it trusts the certificate that was printed, and sends the token.
    const auto trusted =
        folder.folder().write("trusted.pem", controller->getValue<std::string>("certificate"));
    ApiClient client("127.0.0.1", folder.apiPort(),
                     new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, "", "", trusted,
                                            Poco::Net::Context::VERIFY_STRICT));
    BOOST_TEST(client.get("/api/v2/mapping").status == 401);
    client.setToken(controller->getValue<std::string>("token"));
    BOOST_TEST(client.get("/api/v2/mapping").status == 200);
    // The operator's part, on this machine.
    const auto list = folder.run({"mapping", "list"});
    BOOST_TEST(list.exitCode == 0, shown(list));
}

BOOST_AUTO_TEST_CASE(SecretsAreForTheirOwnerAlone) {
    const SetupFolder folder;
    const auto made = folder.setUp({"--address=connector.example.org"});
    BOOST_TEST_REQUIRE(made.exitCode == 0, shown(made));
    BOOST_TEST((modeOf(folder.file()) & 0037) == 0U);
    BOOST_TEST((modeOf(folder.file("server-key.pem")) & 0037) == 0U);
    const auto identities = folder.config()->getObject("api")->getArray("identities");
    BOOST_TEST(identities->size() == 2U);
    const auto token = identities->getObject(0)->getValue<std::string>("token");
    BOOST_TEST(token.size() == 43U); // 32 bytes in base64url
    BOOST_TEST(token != identities->getObject(1)->getValue<std::string>("token"));
    BOOST_TEST(!says(made, token), "the operator's token is nobody's business");
    BOOST_TEST(says(made, identities->getObject(1)->getValue<std::string>("token")));
}

BOOST_AUTO_TEST_CASE(CertificateIsForTheAddress) {
    for (const std::string address : {"connector.example.org", "192.0.2.1", "2001:db8::1"}) {
        const SetupFolder folder;
        const auto made = folder.setUp({"--address=" + address});
        BOOST_TEST_REQUIRE(made.exitCode == 0, shown(made));
        const auto checked = folder.run({"check"});
        BOOST_TEST(checked.exitCode == 0, shown(checked));
        BOOST_TEST(!says(checked, "warning"), shown(checked));
        const Poco::Crypto::X509Certificate certificate(folder.file("server-cert.pem"));
        const Poco::Timespan valid = certificate.expiresOn() - certificate.validFrom();
        BOOST_TEST(valid.days() == 3650);
    }
}

BOOST_AUTO_TEST_CASE(CertificateIsForAllAddresses) {
    const SetupFolder folder;
    const auto made =
        folder.setUp({"--address=connector.example.org", "--address", "192.0.2.7", "--address=2001:db8::7",
                      "--address=Connector.Example.org", "--address=2001:DB8:0::7", "--json"});
    BOOST_TEST_REQUIRE(made.exitCode == 0, shown(made));
    const std::vector<std::string> names{"connector.example.org", "192.0.2.7", "2001:db8::7"};
    BOOST_TEST(textsIn(*parse(made.output)->getObject("controller")->getArray("names")) == names,
               boost::test_tools::per_element());
    BOOST_TEST(folder.config()->getValue<std::string>("address") == "connector.example.org");
    for (const auto& name : names) {
        auto config = folder.config();
        config->set("address", name);
        std::ostringstream text;
        config->stringify(text);
        writeFile(folder.file(), text.str());
        const auto checked = folder.run({"check"});
        BOOST_TEST(!says(checked, "warning"), shown(checked));
        BOOST_TEST(says(checked, "for connector.example.org, 192.0.2.7, 2001:db8::7"), shown(checked));
    }
}

BOOST_AUTO_TEST_CASE(ControllerIsToldTheNamesInTheCertificate) {
    const SetupFolder folder;
    const auto made = folder.setUp({"--address=connector.example.org", "--address=192.0.2.7"});
    BOOST_TEST(says(made, "its names    connector.example.org, 192.0.2.7"), shown(made));
    const auto ofAddress = folder.setUp({"--address=192.0.2.7", "--force"});
    BOOST_TEST(says(ofAddress, "its names    192.0.2.7\n"), shown(ofAddress));
}

BOOST_AUTO_TEST_CASE(NextCommandsAreForTheConfigurationThatIsMade) {
    const SetupFolder folder;
    const auto made = folder.setUp({"--address=192.0.2.7"});
    const auto option = " --config=" + folder.file();
    BOOST_TEST(says(made, "Next: iofog-connector check" + option + "; then iofog-connector stop" + option +
                              ", and iofog-connector start" + option + ".\n"),
               shown(made));
}

BOOST_AUTO_TEST_CASE(CertificateIsImported) {
    const SetupFolder folder;
    const auto pair = CertificateAuthority::shared().issue(folder.folder(), "imported");
    const auto made =
        folder.setUp({"--address=127.0.0.1", "--certificate=" + pair.certificateFile, "--key", pair.keyFile});
    BOOST_TEST_REQUIRE(made.exitCode == 0, shown(made));
    BOOST_TEST(readFile(folder.file("server-cert.pem")) == readFile(pair.certificateFile));
    BOOST_TEST(readFile(folder.file("server-key.pem")) == readFile(pair.keyFile));
    BOOST_TEST(says(made, pair.fingerprint()), shown(made));
    BOOST_TEST(says(made, "127.0.0.1, ::1, localhost"), shown(made));
    const auto checked = folder.run({"check"});
    BOOST_TEST(!says(checked, "the certificate is not for"), shown(checked));
}

BOOST_AUTO_TEST_CASE(CertificateThatIsImportedForAnotherNameIsWarnedOf) {
    const SetupFolder folder;
    const auto pair = CertificateAuthority::shared().issueForHost(folder.folder(), "one", "*.example.org");
    const auto made = folder.setUp({"--address=connector.example.com",
                                    "--certificate=" + pair.certificateFile, "--key=" + pair.keyFile});
    BOOST_TEST_REQUIRE(made.exitCode == 0, shown(made));
    const auto checked = folder.run({"check"});
    BOOST_TEST(says(checked, "the certificate is not for connector.example.com"), shown(checked));
    BOOST_TEST(says(checked, "for *.example.org"), shown(checked));
}

BOOST_AUTO_TEST_CASE(ControllerMayBeKnownByItsNetwork) {
    const SetupFolder folder;
    const auto made =
        folder.setUp({"--address=127.0.0.1", "--controller=192.0.2.10/32", "--identity=fogctl"});
    BOOST_TEST_REQUIRE(made.exitCode == 0, shown(made));
    const auto identity = folder.config()->getObject("api")->getArray("identities")->getObject(1);
    BOOST_TEST(identity->getValue<std::string>("name") == "fogctl");
    BOOST_TEST(identity->getValue<std::string>("network") == "192.0.2.10/32");
}

BOOST_AUTO_TEST_CASE(QuestionsAreAskedOnATerminal) {
    const SetupFolder folder;
    folder.folder().write("iofog-connector.config", "mine");
    const Terminal terminal(80);
    ChildProcess setup(folder.setUpOn(terminal));
    const auto answer = [&](const std::string& question, const std::string& text) {
        terminal.readThrough(question);
        terminal.type(text + "\n");
    };
    answer("replace it", "yes");
    answer("Public name or address", "connector.example.org");
    answer("Ports for mappings [6000-6050]", "");
    answer("Network that the Fog Controller calls from", "192.0.2.10/32");
    answer("File with its certificate", "");
    answer("Further names and addresses for the certificate",
           "192.0.2.7, connector.example.org,gate.example.org");
    terminal.readThrough("The Fog Controller needs");
    BOOST_TEST(setup.waitForExit() == 0);
    BOOST_TEST(folder.config()->getValue<std::string>("address") == "connector.example.org");
    BOOST_TEST(folder.config()->getArray("ports")->getElement<std::string>(0) == "6000-6050");
    BOOST_TEST(readFile(folder.file("iofog-connector.config.old")) == "mine");
    BOOST_TEST(says(folder.run({"check"}), "for connector.example.org, 192.0.2.7, gate.example.org"));
}

BOOST_AUTO_TEST_CASE(NoAddressIsAddedWithoutConsent) {
    const SetupFolder folder;
    const Terminal terminal(80);
    ChildProcess setup(folder.setUpOn(terminal));
    for (const auto& [question, answer] : std::vector<std::pair<std::string, std::string>>{
             {"Public name or address", "connector.example.org"},
             {"Ports for mappings", ""},
             {"Network that the Fog Controller calls from", ""},
             {"File with its certificate", ""},
             {"Further names and addresses for the certificate, or none", "none"}}) {
        terminal.readThrough(question);
        terminal.type(answer + "\n");
    }
    terminal.readThrough("The Fog Controller needs");
    BOOST_TEST(setup.waitForExit() == 0);
    BOOST_TEST(says(folder.run({"check"}), "for connector.example.org\n"));
    const auto silent = folder.setUp({"--address=connector.example.org", "--force"});
    BOOST_TEST(says(silent, "its names    connector.example.org\n"), shown(silent));
}

BOOST_AUTO_TEST_CASE(AnswerThatIsNoYesChangesNothing) {
    const SetupFolder folder;
    folder.folder().write("iofog-connector.config", "mine");
    const Terminal terminal(80);
    ChildProcess setup(folder.setUpOn(terminal));
    terminal.readThrough("replace it");
    terminal.type("\n");
    BOOST_TEST(setup.waitForExit() == kCantCreate);
    BOOST_TEST(readFile(folder.file()) == "mine");
}

BOOST_AUTO_TEST_CASE(NothingIsOverwrittenUnasked) {
    const SetupFolder folder;
    folder.folder().write("iofog-connector.config", "mine");
    const auto refused = folder.setUp({"--address=127.0.0.1"});
    BOOST_TEST(hasFailed(refused, kCantCreate, {folder.file(), "--force"}), shown(refused));
    BOOST_TEST(readFile(folder.file()) == "mine");
    BOOST_TEST(!isThere(folder.file("server-key.pem")));

    const auto forced = folder.setUp({"--address=127.0.0.1", "--force"});
    BOOST_TEST(forced.exitCode == 0, shown(forced));
    BOOST_TEST(readFile(folder.file("iofog-connector.config.old")) == "mine");
    BOOST_TEST(readFile(folder.file()) != "mine");
}

BOOST_AUTO_TEST_CASE(FailureLeavesWhatFitsTogether) {
    const SetupFolder folder;
    BOOST_TEST_REQUIRE(folder.setUp({"--address=127.0.0.1"}).exitCode == 0);
    const auto contents = [&] {
        return std::vector{readFile(folder.file()), readFile(folder.file("server-cert.pem")),
                           readFile(folder.file("server-key.pem"))};
    };
    const auto before = contents();
    const auto inTheWay = folder.file("server-key.pem.old");
    BOOST_TEST_REQUIRE(std::filesystem::create_directory(inTheWay));
    const auto failed = folder.setUp({"--address=127.0.0.1", "--force"});
    BOOST_TEST(hasFailed(failed, kCantCreate, {inTheWay}), shown(failed));
    BOOST_TEST((contents() == before));
    BOOST_TEST(folder.run({"check"}).exitCode == 0);

    std::filesystem::remove(inTheWay);
    const auto again = folder.setUp({"--address=127.0.0.1", "--force"});
    BOOST_TEST(again.exitCode == 0, shown(again));
    BOOST_TEST(readFile(folder.file("server-cert.pem.old")) == before[1]);
    BOOST_TEST(readFile(inTheWay) == before[2]);
}

BOOST_AUTO_TEST_CASE(SetupsAtTheSameTimeTakeTurns) {
    const SetupFolder folder;
    const auto force = [&] { return folder.setUp({"--address=127.0.0.1", "--force"}); };
    std::vector<std::future<Finished>> setups(8);
    for (auto& setup : setups)
        setup = std::async(std::launch::async, force);
    for (auto& setup : setups) {
        const auto finished = setup.get();
        BOOST_TEST(finished.exitCode == 0, shown(finished));
    }
    const auto checked = folder.run({"check"});
    BOOST_TEST(checked.exitCode == 0, shown(checked));
    for (const std::string name : {"server-cert.pem", "server-key.pem"})
        std::filesystem::rename(folder.file(name + ".old"), folder.file(name));
    const auto older = folder.run({"check"});
    BOOST_TEST(older.exitCode == 0, shown(older));
}

BOOST_AUTO_TEST_CASE(PackagedConfigurationIsReplacedUnasked) {
    const SetupFolder folder;
    const auto packaged = readFile(programPath("PACKAGED_CONFIG"));
    folder.folder().write("iofog-connector.config", packaged);
    const auto made = folder.setUp({"--address=127.0.0.1"});
    BOOST_TEST(made.exitCode == 0, shown(made));
    BOOST_TEST(!folder.config()->getValue<bool>("dev"));
    BOOST_TEST(readFile(folder.file("iofog-connector.config.old")) == packaged);

    folder.folder().write("iofog-connector.config", packaged);
    const auto keyIsThere = folder.setUp({"--address=127.0.0.1"});
    BOOST_TEST(hasFailed(keyIsThere, kCantCreate, {"server-cert.pem is there", "--force"}),
               shown(keyIsThere));
    BOOST_TEST(readFile(folder.file()) == packaged);
}

BOOST_AUTO_TEST_CASE(AddressesThatVisitorsCantUseAreRefused) {
    const SetupFolder folder;
    for (const std::string& address : {"0.0.0.0"s,
                                       "::"s,
                                       ":"s,
                                       "..."s,
                                       "-"s,
                                       "a:b"s,
                                       "a..b"s,
                                       ".a"s,
                                       "a."s,
                                       "-a.org"s,
                                       "a-.org"s,
                                       "[::1]"s,
                                       "fe80::1%eth0"s,
                                       "1.2.3"s,
                                       "999.1.1.1"s,
                                       "255.255.255.255"s,
                                       "224.0.0.1"s,
                                       "http://a"s,
                                       std::string(64, 'a'),
                                       std::string(300, 'a'),
                                       std::string(63, 'a') + std::string(200, '.')}) {
        const auto finished = folder.setUp({"--address=" + address});
        BOOST_TEST(hasFailed(finished, kUsage, {"--address=" + address + ": it must be"}), shown(finished));
        BOOST_TEST(!isThere(folder.file()));
    }
    for (const std::string& address : {"x"s, "my_host-1.example"s, "3com.example"s, std::string(63, 'a')}) {
        const auto finished = folder.setUp({"--address=" + address, "--force"});
        BOOST_TEST(finished.exitCode == 0, shown(finished));
    }
}

BOOST_AUTO_TEST_CASE(WrongAnswersWriteNothing) {
    const SetupFolder folder;
    const auto pair = CertificateAuthority::shared().issue(folder.folder(), "one");
    const auto other = CertificateAuthority::shared().issue(folder.folder(), "other");
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{}, "--address=HOST"},
        {{"--address=two words"}, "two words"},
        {{"--address=x", "--address=two words"}, "two words"},
        {{"--address=x", "--address="}, "--address=: it must be"},
        {{"--address=x", "--address=y", "--certificate=" + pair.certificateFile, "--key=" + pair.keyFile},
         "--address=y: only a certificate that is made"},
        {{"--address=x", "--controller=192.0.2.10"}, "--controller=192.0.2.10: it must be a network"},
        {{"--address=x", "--identity=operator"}, "operator"},
        {{"--address=x", "--exclude=70000"}, "70000"},
        {{"--address=x", "--certificate=" + pair.certificateFile}, "--key=FILE"},
        {{"--address=x", "--key=" + pair.keyFile}, "--certificate=FILE"},
        {{"--address=x", "--certificate=/nonexistent.pem", "--key=" + pair.keyFile}, "/nonexistent.pem"},
        {{"--address=x", "--certificate=" + pair.certificateFile, "--key=" + other.keyFile}, other.keyFile},
        {{"--address=x", "--user=no-such-user"}, "no-such-user"},
    };
    for (const auto& [options, named] : cases) {
        const auto finished = folder.setUp(options);
        BOOST_TEST(finished.exitCode != 0, shown(finished));
        BOOST_TEST(says(finished, named), named << " in " << shown(finished));
        BOOST_TEST(!isThere(folder.file()));
        BOOST_TEST(!isThere(folder.file("server-key.pem")));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
