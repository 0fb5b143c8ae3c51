#include "OpenPipe.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <regex>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// Waits for a line with a match of this pattern.
void waitForLine(const ConnectorProcess& connector, const std::string& pattern) {
    const std::regex line(pattern);
    waitUntil("a line like \"" + pattern + "\" in the log",
              [&] { return std::regex_search(connector.log(), line); });
}

} // namespace

BOOST_AUTO_TEST_SUITE(Log)

BOOST_DATA_TEST_CASE(MappingsAreLoggedWithWhoAskedForThem, kModes, mode) {
    ConnectorSetup setup(mode);
    setup.setJson("api.identities", R"([{"name":"the-controller","network":"127.0.0.0/8"}])");
    const ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    waitForLine(connector, mapping.id + " opened by the-controller.*" + std::to_string(mapping.port1) + ".*" +
                               std::to_string(mapping.port2));
    connector.api().remove(mapping.id);
    waitForLine(connector, mapping.id + " closed by the-controller");
}

BOOST_DATA_TEST_CASE(AgentsAreLogged, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto& mapping = pipe.mapping();
    const auto prefix = mapping.id + ".*" + std::to_string(mapping.port1) + ".*127.0.0.1:";

    auto agent = pipe.agent1();
    const auto agentsPort = std::to_string(agent.localPort());
    waitForLine(pipe.connector(), prefix + agentsPort + " authorized");
    agent.close();
    waitForLine(pipe.connector(), prefix + agentsPort + " lost: .*closed");

    auto stranger = pipe.connector().connect(mapping.port1);
    stranger.send(std::string(mapping.passcode1.size(), 'x'));
    waitForLine(pipe.connector(), prefix + std::to_string(stranger.localPort()) + " rejected: .*passcode");
}

BOOST_DATA_TEST_CASE(EndOfARelayIsLoggedWithBytesAndDuration, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.waitingAgent();
    auto visitor = pipe.visitor();
    visitor.send("12345");
    BOOST_TEST(agent.readExactly(5) == "12345");
    agent.send("1234567");
    BOOST_TEST(visitor.readExactly(7) == "1234567");
    visitor.close();
    agent.readToEnd();
    agent.close();
    waitForLine(pipe.connector(), pipe.mapping().id + ": relay of agent.*visitor.*7 and 5 bytes.*[0-9] s");
}

/// A flood of strangers must not become a flood of lines.
BOOST_AUTO_TEST_CASE(FloodOfStrangersIsNoFloodOfLines) {
    constexpr int kStrangers = 1000;
    const OpenPublicPipe pipe(Mode::Plain);
    for (int number = 0; number < kStrangers; ++number) {
        auto stranger = pipe.connector().connect(pipe.mapping().port1);
        stranger.send(std::string(pipe.mapping().passcode1.size(), 'x'));
        BOOST_REQUIRE(isClosedUnanswered(stranger));
    }
    const auto log = pipe.connector().log();
    BOOST_TEST(std::count(log.begin(), log.end(), '\n') < kStrangers / 2);
}

BOOST_AUTO_TEST_CASE(LevelLeavesOutWhatIsLessImportant) {
    ConnectorSetup setup;
    setup.set("log.level", "warning");
    ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    connector.api().remove(mapping.id);
    BOOST_TEST(connector.stop() == 0);
    BOOST_TEST(connector.log().find(mapping.id) == std::string::npos);
}

/// What logrotate does.
BOOST_AUTO_TEST_CASE(FileThatWasMovedAwayIsMadeAnewOnHangup) {
    const Folder folder;
    const auto file = folder.path("connector.log");
    ConnectorSetup setup;
    setup.set("log.file", file);
    ConnectorProcess connector(setup);
    waitUntil("its first lines", [&] { return readFile(file).find("is ready") != std::string::npos; });
    std::filesystem::rename(file, file + ".1");
    connector.process().signal(SIGHUP);
    waitUntil("the file is there again", [&] { return std::filesystem::exists(file); });
    const auto mapping = connector.api().addPublic();
    BOOST_TEST(connector.stop() == 0);
    BOOST_TEST(readFile(file).find(mapping.id + " opened") != std::string::npos);
    BOOST_TEST(readFile(file + ".1").find(mapping.id) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(FullDiskOfTheLogStopsNothing) {
    ConnectorSetup setup;
    setup.set("log.file", "/dev/full");
    ConnectorProcess connector(setup);
    for (int number = 0; number < 3; ++number)
        connector.api().remove(connector.api().addPublic().id);
    BOOST_TEST(connector.stop() == 0);
    const auto complaints = connector.log();
    BOOST_TEST(complaints.find("log.file can't be written") != std::string::npos);
    BOOST_TEST(std::count(complaints.begin(), complaints.end(), '\n') == 1);
}

BOOST_AUTO_TEST_CASE(StrangerThatLeavesDuringTheHandshakeIsSaidToHaveClosed) {
    OpenPublicPipe pipe(Mode::Tls);
    { const PipeClient stranger(Poco::Net::SocketAddress("127.0.0.1", pipe.mapping().port1)); }
    waitForLine(pipe.connector(), "agent 127.0.0.1:[0-9]+ rejected: .*closed the connection");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
