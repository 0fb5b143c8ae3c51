#include "LogLines.h"
#include "OpenPipe.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sys/stat.h>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kFlood = 100;
/// Of lines of one kind at once, with the default of limits.log-lines.
constexpr std::size_t kLinesOfOneAddress = 25;

void sendWrongPasscode(const ConnectorProcess& connector, const AddedMapping& mapping,
                       const std::string& from = {}) {
    auto stranger = connector.connect(mapping.port1, {.from = from});
    stranger.send(std::string(mapping.passcode1.size(), 'x'));
    BOOST_REQUIRE(isClosedUnanswered(stranger));
}

/// A setup whose API knows who calls from 127.0.0.1, and nobody else.
ConnectorSetup& withController(ConnectorSetup& setup) {
    return setup.setJson("api.identities", R"([{"name":"the-controller","network":"127.0.0.1/32"}])");
}

/// Asks for something from 127.0.0.2, which is nobody's address.
void askAsStranger(const ConnectorProcess& connector, std::uint16_t apiPort) {
    auto client = connector.connect(apiPort, {.from = "127.0.0.2"});
    client.send(
        "GET /api/v2/mapping?passcode=secret HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    BOOST_TEST(client.readToEnd().substr(9, 3) == "403");
}

/// Names standard error, which is a file here, as the journal: by device and inode.
ChildProcess::Command withJournal(ChildProcess::Command command) {
    writeFile(command.outputFile, "");
    struct stat file {};
    BOOST_TEST_REQUIRE(::stat(command.outputFile.c_str(), &file) == 0);
    command.environment["JOURNAL_STREAM"] = std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
    return command;
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

/// A flood of strangers must not become a flood of lines, however many ports they come to.
BOOST_AUTO_TEST_CASE(FloodOfStrangersIsNoFloodOfLines) {
    constexpr int kMappings = 10;
    constexpr int kStrangersEach = 30;
    OpenPublicPipe pipe(Mode::Plain, {.limits = {{"wrong-passcodes", kMappings * kStrangersEach + 1}}});
    for (int number = 0; number < kMappings; ++number) {
        const auto mapping = pipe.api().addPublic();
        for (int stranger = 0; stranger < kStrangersEach; ++stranger)
            sendWrongPasscode(pipe.connector(), mapping);
    }
    BOOST_TEST(linesWith(pipe.connector(), " rejected: wrong passcode") <= kLinesOfOneAddress);
    BOOST_TEST(pipe.connector().stop() == 0);
    const auto written = linesWith(pipe.connector(), " rejected: wrong passcode");
    waitForLine(pipe.connector(),
                "Warning pipe: agents rejected: 300 within [0-9]+ s, " +
                    std::to_string(kMappings * kStrangersEach - written) +
                    " of them without a line, from 1 addresses, most from 127.0.0.1 \\(300\\): "
                    "wrong passcode 300\n");
}

BOOST_AUTO_TEST_CASE(StrangerIsSeenBesideAFloodOfAnother) {
    const OpenPublicPipe pipe(Mode::Plain, {.limits = {{"wrong-passcodes", kFlood + 1}}});
    for (int number = 0; number < kFlood; ++number)
        sendWrongPasscode(pipe.connector(), pipe.mapping());
    sendWrongPasscode(pipe.connector(), pipe.mapping(), "127.0.0.2");
    waitForLine(pipe.connector(), "agent 127.0.0.2:[0-9]+ rejected: wrong passcode");
}

BOOST_AUTO_TEST_CASE(VisitorsCantHideAWrongPasscode) {
    const OpenPublicPipe pipe(Mode::Plain, {.limits = {{"waiting-visitors", 1}}});
    std::vector<PipeClient> visitors;
    for (int number = 0; number < kFlood; ++number)
        visitors.push_back(pipe.visitor());
    waitForLine(pipe.connector(), "turned away: 1 others wait");
    sendWrongPasscode(pipe.connector(), pipe.mapping());
    waitForLine(pipe.connector(), "rejected: wrong passcode");
    BOOST_TEST(linesWith(pipe.connector(), "turned away") <= kLinesOfOneAddress);
}

BOOST_AUTO_TEST_CASE(SummariesComeByThemselves) {
    const OpenPublicPipe pipe(
        Mode::Plain, {.limits = {{"wrong-passcodes", 3 * kFlood}, {"log-lines", 1}, {"log-summary", 100}}});
    for (int number = 0; number < kFlood; ++number)
        sendWrongPasscode(pipe.connector(), pipe.mapping());
    waitForLine(pipe.connector(), "agents rejected: [0-9]+ within ");
    for (int number = 0; number < kFlood; ++number)
        sendWrongPasscode(pipe.connector(), pipe.mapping());
    waitUntil("another one", [&] { return linesWith(pipe.connector(), "agents rejected: ") > 1; });
}

BOOST_AUTO_TEST_CASE(NothingIsSummedUpThatHasLines) {
    OpenPublicPipe pipe(Mode::Plain);
    sendWrongPasscode(pipe.connector(), pipe.mapping());
    BOOST_TEST(pipe.connector().stop() == 0);
    BOOST_TEST(linesWith(pipe.connector(), "rejected: wrong passcode") == 1U);
    BOOST_TEST(linesWith(pipe.connector(), "agents rejected: ") == 0U);
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

BOOST_AUTO_TEST_CASE(EachRefusalOfAnIdentifiedCallerIsOneLine) {
    constexpr const char* kJson = "application/json";
    ConnectorSetup setup(Mode::Plain, 2);
    withController(setup).set("log.level", "warning");
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto mapping = api.addPublic();
    const std::string unknown = "2ae8ff72-7447-47de-a4ec-123eb214d63e";
    const std::vector<std::pair<ApiAnswer, std::string>> refusals{
        {api.tryAdd(publicMapping()), "POST /api/v2/mapping/add by the-controller at 127.0.0.1 was refused "
                                      "with 507: there are no two free ports"},
        {api.get("/api/v2/mapping/" + unknown),
         "GET /api/v2/mapping/" + unknown +
             " by the-controller at 127.0.0.1 was refused with 404: no mapping has that id"},
        {api.tryRemove("another"), "POST /api/v2/mapping/remove by the-controller at 127.0.0.1 was refused "
                                   "with 404: no mapping has that id"},
        {api.get("/api/v2/nothing"), "was refused with 404: there is nothing at /api/v2/nothing"},
        {api.get("/api/v2/mapping/add"), "was refused with 405: GET is not allowed here; use POST"},
        {api.post("/api/v2/mapping/add", R"({"type":"secret"})", kJson),
         "was refused with 400: type: it must be \"public\" or \"private\""},
        {api.post("/api/v2/mapping/add", "<mapping/>", "text/xml"),
         "was refused with 415: Content-Type: text/xml is not understood"},
        {api.post("/api/v2/mapping/add", std::string(65537, ' '), kJson),
         "by the-controller at 127.0.0.1 was refused with 413: the request's body is larger than 65536 "
         "bytes"},
    };
    for (const auto& [answer, line] : refusals) {
        BOOST_TEST(answer.status >= 400, answer);
        connector.waitForLog("Warning api: ");
        connector.waitForLog(line);
    }
    BOOST_TEST(linesWith(connector, "api: ") == refusals.size(), connector.log());
    BOOST_TEST(linesWith(connector, "secret") == 0U);
}

BOOST_AUTO_TEST_CASE(StrangersCantHideWhatAnIdentifiedCallerWasRefused) {
    constexpr int kStrangers = 100;
    ConnectorSetup setup;
    const ConnectorProcess connector(withController(setup));
    for (int number = 0; number < kStrangers; ++number)
        askAsStranger(connector, setup.apiPort());
    BOOST_TEST(connector.api().get("/api/v2/mapping/x").isError(404));
    connector.waitForLog("GET /api/v2/mapping/x by the-controller at 127.0.0.1 was refused with 404");
    connector.waitForLog("127.0.0.2 was turned away with 403: GET /api/v2/mapping: 127.0.0.2 may not call");
    BOOST_TEST(linesWith(connector, "turned away with 403") < kStrangers / 2U);
    BOOST_TEST(linesWith(connector, "secret") == 0U);
}

BOOST_AUTO_TEST_CASE(RefusalsOfAnIdentifiedCallerAreNoFloodOfLines) {
    constexpr int kRequests = 300;
    ConnectorSetup setup;
    const ConnectorProcess connector(withController(setup));
    for (int number = 0; number < kRequests; ++number)
        BOOST_TEST(connector.api().get("/api/v2/mapping/x").isError(404));
    connector.waitForLog("was refused with 404");
    BOOST_TEST(linesWith(connector, "was refused with 404") < kRequests / 2U);
}

BOOST_AUTO_TEST_CASE(RefusalsOfStrangersAreLoggedWithTheReason) {
    ConnectorSetup setup;
    const ConnectorProcess connector(withController(setup));
    BOOST_TEST(connector.api().post("/health", "").isError(405)); // whoever it is: /health doesn't ask
    connector.waitForLog("127.0.0.1 was turned away with 405: POST /health: POST is not allowed here");
    auto client = connector.connect(setup.apiPort());
    client.send("nonsense\r\n\r\n");
    client.readToEnd();
    connector.waitForLog("127.0.0.1 was turned away with 400: - -: the request line must be METHOD");
}

BOOST_AUTO_TEST_CASE(LinesForTheJournalBeginWithTheirPriority) {
    const Folder folder;
    ConnectorSetup setup;
    setup.set("log.file", folder.path("connector.log"));
    Daemon connector("Connector", withJournal(setup.command()));
    connector.waitForLog("is ready");
    BOOST_TEST(connector.stop() == 0);
    const auto journal = connector.log();
    BOOST_TEST(std::regex_search(journal, std::regex("(^|\\n)<5>app: .*is ready")), journal);
    BOOST_TEST(std::regex_search(readFile(folder.path("connector.log")),
                                 std::regex("(^|\\n)[0-9-]+T[0-9:.]+Z Notice app: .*is ready")));
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
