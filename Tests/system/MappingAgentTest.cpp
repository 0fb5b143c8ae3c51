#include "Commands.h"
#include "ConnectorProcess.h"
#include "TargetServer.h"

#include <Poco/JSON/Parser.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

/// What `mapping add public --agent-config` prints on standard output alone.
std::string agentConfigOf(const ConnectorSetup& setup, const std::vector<std::string>& more) {
    auto command = setup.command({"mapping", "add", "public", "--agent-config"});
    command.words.insert(command.words.end(), more.begin(), more.end());
    command.words.insert(command.words.begin(), {"/bin/sh", "-c", R"(exec "$@" 2>/dev/null)", "sh"});
    const auto finished = run(command);
    BOOST_TEST_REQUIRE(finished.exitCode == 0, shown(finished));
    return finished.output;
}

/// The only mapping's.
std::uint16_t visitorsPort(const ConnectorSetup& setup) {
    const auto mappings = jsonOf(setup, {"mapping", "list"})->getArray("mappings");
    BOOST_TEST_REQUIRE(mappings->size() == 1U);
    return static_cast<std::uint16_t>(mappings->getObject(0)->getValue<int>("port2"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(MappingAgent)

BOOST_DATA_TEST_CASE(TheAgentTakesWhatIsPrinted, kModes, mode) {
    ConnectorSetup setup(mode);
    withOperator(setup);
    if (mode == Mode::Tls) // with the CA that has signed itself
        setup.set("tls.certificate",
                  setup.folder().write("chain.pem",
                                       readFile(setup.serverCertificate().certificateFile) +
                                           readFile(CertificateAuthority::shared().certificateFile())));
    const ConnectorProcess connector(setup);
    const LineServer target;
    const auto config =
        agentConfigOf(setup, {"--label", "a node", "--target", "127.0.0.1:" + std::to_string(target.port())});
    const auto file = setup.folder().write("agent.json", config);
    ChildProcess agent({{programPath("AGENT_BIN"), "--config=" + file}, setup.folder().path("agent.log")});
    auto visitor = connector.connect(visitorsPort(setup));
    BOOST_TEST(visitor.readThrough("\n") == LineServer::kGreeting,
               readFile(setup.folder().path("agent.log")));
    BOOST_TEST(agent.stop(SIGTERM) == 0);
}

BOOST_AUTO_TEST_CASE(TheSystemsCasAreTrustedUnlessItHasSignedItself) {
    ConnectorSetup setup(Mode::Tls);
    withOperator(setup);
    const ConnectorProcess connector(setup);
    const auto agent =
        Poco::JSON::Parser().parse(agentConfigOf(setup, {})).extract<Poco::JSON::Object::Ptr>();
    BOOST_TEST(!agent->has("cert"));
    BOOST_TEST(!agent->has("devmode"));
    BOOST_TEST(agent->getValue<std::string>("localhost") == "127.0.0.1");
    BOOST_TEST(agent->getValue<int>("localport") == 80);
}

BOOST_AUTO_TEST_CASE(WrongWordsAreRefused) {
    const ConnectorSetup setup;
    const auto refuses = [&](const std::vector<std::string>& more, const std::vector<std::string>& texts) {
        std::vector<std::string> words{"mapping", "add"};
        words.insert(words.end(), more.begin(), more.end());
        const auto finished = runCommand(setup, words);
        BOOST_TEST(hasFailed(finished, kUsage, texts), shown(finished));
    };
    refuses({"private", "--agent-config"}, {"--agent-config is for public mappings"});
    refuses({"public", "--agent-config", "--target=web"}, {"--target=web", "HOST:PORT"});
    refuses({"public", "--target=8080"}, {"--target", "--agent-config"});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
