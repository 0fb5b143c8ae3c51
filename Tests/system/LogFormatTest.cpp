#include "Commands.h"
#include "Http2Peer.h"
#include "LogLines.h"
#include "TestAgent.h"

#include <Poco/JSON/Parser.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <sstream>

namespace connector::test {

namespace {

using Line = Poco::JSON::Object::Ptr;

/// Every line of a log in JSON. Throws when one is none.
std::vector<Line> linesOf(const Daemon& daemon) {
    std::istringstream log(daemon.log());
    std::vector<Line> lines;
    for (std::string line; std::getline(log, line) && !log.eof();)
        lines.push_back(Poco::JSON::Parser().parse(line).extract<Line>());
    return lines;
}

std::string text(const Line& line, const std::string& key) {
    return line->optValue<std::string>(key, "");
}

/// The first line whose field has that value, once there is one.
Line lineWith(const Daemon& daemon, const std::string& key, const std::string& value) {
    Line found;
    waitUntil("a line with " + key + " " + value, [&] {
        for (const auto& line : linesOf(daemon))
            if (text(line, key) == value && !found) found = line;
        return !found.isNull();
    });
    return found;
}

/// The first line in which this stands.
Line lineSaying(const Daemon& daemon, const std::string& words) {
    Line found;
    waitUntil("a line saying " + words, [&] {
        for (const auto& line : linesOf(daemon))
            if (text(line, "message").find(words) != std::string::npos && !found) found = line;
        return !found.isNull();
    });
    return found;
}

ConnectorSetup& inJson(ConnectorSetup& setup) {
    setup.set("log.format", "json");
    return setup;
}

/// A Connector that logs in JSON, with a mapping.
struct Logging {
    explicit Logging(Mode mode, const std::string& members = R"("label":"web")") : setup(mode) {
        setup.set("log.relays", true);
        connector.emplace(inJson(setup));
        mapping = connector->api().add(publicMappingWith(members));
    }

    /// A relay that has ended: the visitor has said "question" and the agent "the answer".
    void relay() {
        auto agent = connector->agent(mapping.port1, mapping.passcode1);
        agentAddress = "127.0.0.1:" + std::to_string(agent.localPort());
        auto visitor = connector->connect(mapping.port2);
        visitorAddress = "127.0.0.1:" + std::to_string(visitor.localPort());
        visitor.send("question");
        agent.readExactly(8);
        agent.send("the answer");
        visitor.readExactly(10);
        visitor.close();
        agent.readToEnd();
    }

    ConnectorSetup setup;
    std::optional<ConnectorProcess> connector;
    AddedMapping mapping;
    std::string agentAddress;
    std::string visitorAddress;
};

} // namespace

BOOST_AUTO_TEST_SUITE(LogFormats)

BOOST_DATA_TEST_CASE(EveryLineIsAnObject, kModes, mode) {
    Logging log(mode);
    log.relay();
    lineSaying(*log.connector, "relay of agent");
    BOOST_TEST(log.connector->stop() == 0);
    const auto lines = linesOf(*log.connector);
    BOOST_TEST(lines.size() >= 4);
    for (const auto& line : lines)
        for (const auto* key : {"time", "level", "source", "message"})
            BOOST_TEST(!text(line, key).empty(), key << " is missing");
    const auto time = text(lines.front(), "time");
    BOOST_TEST(time.size() == std::string("2026-11-22T11:35:04.293000Z").size());
    BOOST_TEST(text(lineSaying(*log.connector, "mappings restored"), "level") == "information");
}

BOOST_DATA_TEST_CASE(RelaysEndIsTold, kModes, mode) {
    Logging log(mode);
    log.relay();
    const auto line = lineWith(*log.connector, "visitor", log.visitorAddress);
    BOOST_TEST(text(line, "source") == "pipe");
    BOOST_TEST(text(line, "level") == "information");
    BOOST_TEST(text(line, "mapping") == log.mapping.id);
    BOOST_TEST(text(line, "label") == "web");
    BOOST_TEST(text(line, "agent") == log.agentAddress);
    BOOST_TEST(line->getValue<int>("bytesin") == 8);
    BOOST_TEST(line->getValue<int>("bytesout") == 10);
    BOOST_TEST(line->get("seconds").isNumeric());
    BOOST_TEST(text(line, "reason") == "visitor closed");
    BOOST_TEST(text(line, "message").find("mapping " + log.mapping.id + " (web): relay of agent ") == 0);
}

/// Each mapping may have its own way.
BOOST_AUTO_TEST_CASE(RelaysAreToldOfWhereThatIsWanted) {
    Logging log(Mode::Plain, R"("logrelays":false)");
    const auto shown = [&] { return log.connector->api().show(log.mapping.id)->getValue<bool>("logrelays"); };
    BOOST_TEST(!shown());
    log.relay();
    log.connector->api().waitForCount(log.mapping.id, "relays", 0);
    BOOST_TEST(log.connector->api().tryChange(log.mapping.id, R"({"logrelays":null})").status == 200);
    BOOST_TEST(shown());
    log.relay();
    lineWith(*log.connector, "visitor", log.visitorAddress);
    int told = 0;
    for (const auto& line : linesOf(*log.connector))
        if (text(line, "message").find("relay of agent") != std::string::npos)
            told += text(line, "level") == "information" ? 1 : 0;
    BOOST_TEST(told == 1);
    BOOST_TEST(
        isRefused(log.connector->api().tryChange(log.mapping.id, R"({"logrelays":1})"), 400, "logrelays"));
    BOOST_TEST(log.connector->api().tryChange(log.mapping.id, R"({"logrelays":false})").status == 200);
    BOOST_TEST(log.connector->stop() == 0);
    log.connector.emplace(log.setup);
    BOOST_TEST(!shown(), "it is kept over a restart");
}

BOOST_AUTO_TEST_CASE(RelaysAreNotToldOfUnasked) {
    const OpenPublicPipe pipe(Mode::Plain);
    BOOST_TEST(!pipe.api().show(pipe.mapping().id)->getValue<bool>("logrelays"));
    auto [visitor, agent] = pipe.relay();
    visitor.close();
    agent.close();
    pipe.waitFor("relays", 0);
    pipe.api().remove(pipe.mapping().id);
    waitForLine(pipe.connector(), "closed by");
    BOOST_TEST(linesWith(pipe.connector(), "Information pipe: mapping") == 0);
}

BOOST_AUTO_TEST_CASE(FloodOfRelaysIsSummedUp) {
    ConnectorSetup setup;
    setup.set("log.relays", true);
    setup.set("limits.log-lines", 1);
    setup.set("limits.log-summary", 200);
    const ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    waitUntil("some have no line", [&] {
        for (int i = 0; i < 50; ++i) {
            auto agent = connector.agent(mapping.port1, mapping.passcode1);
            auto visitor = connector.connect(mapping.port2);
            visitor.send("x");
            agent.readExactly(1);
        }
        return linesWith(connector, "relays ended: ") > 0;
    });
    waitForLine(connector, "relays ended: .* without a line, from 1 mappings, most from " + mapping.id);
}

/// Who has changed what, from where.
BOOST_DATA_TEST_CASE(ChangesAreAudited, kModes, mode) {
    Logging log(mode);
    const auto& api = log.connector->api();
    const auto& id = log.mapping.id;
    BOOST_TEST(api.tryChange(id, R"({"label":"shop"})").status == 200);
    const auto passcode = api.post("/api/v2/mapping/" + id + "/passcode", "").field("passcode1");
    const auto agent = log.connector->agent(log.mapping.port1, passcode);
    api.waitForCount(id, "agentswaiting", 1);
    const auto connections = "/api/v2/mapping/" + id + "/connections";
    const auto number =
        api.get(connections).json()->getArray("agents")->getObject(0)->getValue<std::string>("n");
    BOOST_TEST(api.request("DELETE", connections + "/" + number).status == 200);
    api.remove(id);
    for (const auto* action : {"add", "change", "passcode", "disconnect", "remove"}) {
        const auto line = lineWith(*log.connector, "action", action);
        BOOST_TEST_CONTEXT(action) {
            BOOST_TEST(text(line, "level") == "information");
            BOOST_TEST(text(line, "source") == "mapping");
            BOOST_TEST(text(line, "mapping") == id);
            BOOST_TEST(text(line, "identity") == "anonymous");
            BOOST_TEST(text(line, "address") == "127.0.0.1");
            BOOST_TEST(text(line, "type") == "public");
            BOOST_TEST(text(line, "label") == (action == std::string("add") ? "web" : "shop"));
        }
    }
    BOOST_TEST(text(lineWith(*log.connector, "action", "change"), "change") == R"({"label":"shop"})");
    BOOST_TEST(text(lineWith(*log.connector, "action", "disconnect"), "connection") == number);
    BOOST_TEST(log.connector->log().find(passcode) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(WhoIsTurnedAwayIsInFields) {
    Logging log(Mode::Plain);
    auto stranger = log.connector->connect(log.mapping.port1);
    stranger.send(std::string(36, 'x'));
    stranger.readToEnd();
    const auto rejected = lineWith(*log.connector, "reason", "wrong passcode");
    BOOST_TEST(text(rejected, "mapping") == log.mapping.id);
    BOOST_TEST(rejected->getValue<int>("port") == log.mapping.port1);
    BOOST_TEST(text(rejected, "agent") == "127.0.0.1:" + std::to_string(stranger.localPort()));
    log.connector->api().get("/api/v2/nothing");
    const auto refused = lineWith(*log.connector, "request", "GET /api/v2/nothing");
    BOOST_TEST(refused->getValue<int>("status") == 404);
    BOOST_TEST(text(refused, "identity") == "anonymous");
}

BOOST_AUTO_TEST_CASE(PortsAreThoseThatThereAre) {
    ConnectorSetup setup(Mode::Tls, 20);
    const auto front = static_cast<std::uint16_t>(setup.firstMappingPort() + 20);
    const ConnectorProcess connector(inJson(addFront(setup, front)));
    const auto mapping = connector.api().add(publicMappingWith(R"("ports":false)"));
    const auto tls = std::make_shared<TlsSettings>(TlsSettings::Options{
        .trustedFile = CertificateAuthority::shared().certificateFile(), .alpn = {"iofog-pipe/2"}});
    const ConnectOptions asAgent{.tls = tls, .serverName = "connector.example"};
    {
        const Http2Peer agent(connector.connect(front, asAgent), mapping.passcode1, PipeRole::Serves);
        connector.api().waitForCount(mapping.id, "agentswaiting", 1);
    }
    const auto lost = lineSaying(connector, " lost: ");
    BOOST_TEST(text(lost, "message").starts_with("mapping " + mapping.id + ": agent "));
    BOOST_TEST(text(lost, "mapping") == mapping.id);
    BOOST_TEST(!lost->has("port"));

    auto stranger = connector.connect(front, asAgent);
    stranger.send("PIPE/2 wrong\n");
    stranger.readToEnd();
    const auto rejected = lineWith(connector, "reason", "wrong passcode");
    BOOST_TEST(rejected->getValue<int>("port") == front);
    BOOST_TEST(!rejected->has("mapping"));
}

BOOST_AUTO_TEST_CASE(UnknownFormatIsRefused) {
    ConnectorSetup setup;
    setup.set("log.format", "xml");
    const auto finished = runCommand(setup, {"check"});
    BOOST_TEST(hasFailed(finished, kConfig, {"log.format", "text", "json"}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
