#include "AgentProcess.h"
#include "ConnectorProcess.h"
#include "TargetServer.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

const std::string kToken = "a-token-that-nobody-may-see-0123456789";
const std::string kWrongToken = "a-wrong-token-may-be-anothers-right-one";
const std::string kWrongPasscode = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

/// A Connector that logs all there is to log, and a list of what must not be in there.
class Session {
  public:
    explicit Session(Mode mode, const std::string& format)
        : _setup(mode), _logging(prepare(_setup, format)), _connector(_setup),
          _api("127.0.0.1", _setup.apiPort(), httpsContext(mode)), _mode(mode) {
        _api.setToken(kToken);
    }

    Mode mode() const { return _mode; }
    const ConnectorSetup& setup() const { return _setup; }
    const ConnectorProcess& connector() const { return _connector; }
    const ApiClient& api() const { return _api; }

    /// All mappings of the session come from here, so that their passcodes are known.
    AddedMapping remember(const AddedMapping& mapping) {
        _secrets.insert(mapping.passcode1);
        if (!mapping.passcode2.empty()) _secrets.insert(mapping.passcode2);
        return mapping;
    }

    const std::set<std::string>& secrets() const { return _secrets; }
    std::string log() const { return readFile(_logging) + _connector.log(); }
    int stop() { return _connector.stop(); }

  private:
    static std::string prepare(ConnectorSetup& setup, const std::string& format) {
        setup.set("log.format", format);
        setup.set("log.relays", true);
        setup.set("log.level", "trace");
        setup.set("log.file", setup.folder().path("connector.log"));
        setup.set("limits.greeting-rest", 300);
        setup.setJson("api.identities", R"([{"name":"ctl","token":")" + kToken + R"("}])");
        return setup.folder().path("connector.log");
    }

    ConnectorSetup _setup;
    std::string _logging;
    ConnectorProcess _connector;
    ApiClient _api;
    Mode _mode;
    std::set<std::string> _secrets{kToken, kWrongToken, kWrongPasscode};
};

/// Right, wrong, short and long passcodes.
void greetInEveryWay(const Session& session, std::uint16_t port, const std::string& passcode) {
    auto agent = session.connector().agent(port, passcode);
    for (const auto& greeting :
         {kWrongPasscode, passcode.substr(0, 35), passcode + "x", passcode + passcode}) {
        auto stranger = session.connector().connect(port);
        stranger.send(greeting);
        stranger.readToEnd();
    }
    agent.send("payload");
}

/// Requests that are refused while secrets are in them.
void askInEveryWay(const Session& session, const AddedMapping& mapping) {
    const auto& api = session.api();
    api.get("/api/v2/mapping");
    api.get("/api/v2/mapping/" + mapping.id);
    api.get("/api/v2/nothing?passcode=" + mapping.passcode1);
    api.post("/api/v2/mapping/remove", "mappingid=" + mapping.passcode1);
    api.post("/api/v2/mapping/add", "mapping={\"type\":\"" + mapping.passcode1 + "\"}");
    ApiClient stranger("127.0.0.1", session.setup().apiPort(), httpsContext(session.mode()));
    stranger.setToken(kWrongToken);
    BOOST_TEST(stranger.get("/api/v2/mapping").status / 100 == 4);
}

void changePasscode(Session& session, AddedMapping mapping) {
    mapping.passcode1 =
        session.api().post("/api/v2/mapping/" + mapping.id + "/passcode", "").field("passcode1");
    session.remember(mapping);
    session.connector().agent(mapping.port1, mapping.passcode1);
}

void serveThroughAgent(Session& session) {
    const auto mapping = session.remember(session.api().addPublic(2));
    const WebServer target;
    AgentProcess agent({.mode = session.mode(),
                        .port = mapping.port1,
                        .passcode = mapping.passcode1,
                        .localPort = target.port()});
    session.api().waitForCount(mapping.id, "agentswaiting", 1);
    auto visitor = session.connector().connect(mapping.port2);
    visitor.send("GET /100 HTTP/1.0\r\n\r\n");
    visitor.readToEnd();
    BOOST_TEST(agent.daemon().stop() == 0);
    BOOST_TEST(agent.daemon().log().find(mapping.passcode1) == std::string::npos);
}

} // namespace

BOOST_AUTO_TEST_SUITE(LogSecrets)

BOOST_DATA_TEST_CASE(NoSecretIsEverLogged, kModes* bdata::make({"text", "json"}), mode, format) {
    Session session(mode, format);
    const auto open = session.remember(session.api().addPublic(2));
    const auto closed = session.remember(session.api().addPrivate(2));
    greetInEveryWay(session, open.port1, open.passcode1);
    greetInEveryWay(session, closed.port1, closed.passcode1);
    greetInEveryWay(session, closed.port2, closed.passcode2);
    askInEveryWay(session, open);
    changePasscode(session, open);
    serveThroughAgent(session);
    session.api().remove(open.id);
    BOOST_TEST(session.stop() == 0);
    const auto log = session.log();
    BOOST_TEST(log.find(open.id) != std::string::npos, "the log is empty?");
    for (const auto& secret : session.secrets())
        BOOST_TEST(log.find(secret) == std::string::npos, secret << " is in the log");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
