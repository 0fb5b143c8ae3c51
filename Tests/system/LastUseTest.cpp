#include "ConnectorProcess.h"
#include "OpenPipe.h"
#include "PipeActions.h"

#include <Poco/Data/Session.h>
#include <Poco/Timestamp.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

std::int64_t now() {
    return Poco::Timestamp().epochMicroseconds() / 1000;
}

/// 0 when it was never.
std::int64_t shown(const ApiClient& api, const std::string& id, const std::string& key) {
    return api.show(id)->optValue<std::int64_t>(key, 0);
}

std::int64_t stored(const ConnectorSetup& setup, const std::string& id, const std::string& column) {
    Poco::Data::Session session("SQLite", setup.databaseFile());
    std::int64_t value = -1;
    std::string key = id;
    session << "SELECT " + column + " FROM mapping WHERE id = ?", Poco::Data::Keywords::into(value),
        Poco::Data::Keywords::use(key), Poco::Data::Keywords::now;
    return value;
}

} // namespace

BOOST_AUTO_TEST_SUITE(LastUse)

BOOST_DATA_TEST_CASE(NewMappingWasNeverUsed, kModes, mode) {
    const ConnectorSetup setup(mode);
    const ConnectorProcess connector(setup);
    const auto before = now();
    const auto ids = {connector.api().addPublic().id, connector.api().addPrivate().id};
    const auto after = now();
    for (const auto& id : ids) {
        const auto mapping = connector.api().show(id);
        BOOST_TEST(mapping->getValue<std::int64_t>("created") >= before);
        BOOST_TEST(mapping->getValue<std::int64_t>("created") <= after);
        BOOST_TEST(!mapping->has("lastagent"));
        BOOST_TEST(!mapping->has("lastvisitor"));
    }
}

BOOST_DATA_TEST_CASE(ConnectedAgentIsThereNow, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto& id = pipe.mapping().id;
    auto agent = pipe.waitingAgent();
    const auto first = now();
    BOOST_TEST(shown(pipe.api(), id, "lastagent") >= first);
    BOOST_TEST(!pipe.api().show(id)->has("lastvisitor"));
    agent.close();
    pipe.waitFor("agentswaiting", 0);
    const auto gone = now();
    const auto last = shown(pipe.api(), id, "lastagent");
    BOOST_TEST(last >= first);
    BOOST_TEST(last <= gone);
    waitUntil("time passes", [&] { return now() > gone; });
    BOOST_TEST(shown(pipe.api(), id, "lastagent") == last);
}

BOOST_DATA_TEST_CASE(JoinedAgentAndVisitorAreThereNow, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto& id = pipe.mapping().id;
    auto [visitor, agent] = pipe.relay();
    pipe.waitFor("relays", 1);
    const auto joined = now();
    BOOST_TEST(shown(pipe.api(), id, "lastagent") >= joined);
    BOOST_TEST(shown(pipe.api(), id, "lastvisitor") >= joined);
    visitor.close();
    agent.close();
    pipe.waitFor("relays", 0);
    const auto gone = now();
    for (const auto* key : {"lastagent", "lastvisitor"}) {
        const auto last = shown(pipe.api(), id, key);
        BOOST_TEST(last >= joined, key);
        BOOST_TEST(last <= gone, key);
    }
}

BOOST_AUTO_TEST_CASE(VisitorWithoutAnAgentCounts) {
    const OpenPublicPipe pipe(Mode::Plain);
    auto visitor = pipe.visitor();
    pipe.waitFor("visitorswaiting", 1);
    BOOST_TEST(pipe.api().show(pipe.mapping().id)->has("lastvisitor"));
    BOOST_TEST(!pipe.api().show(pipe.mapping().id)->has("lastagent"));
}

/// Nobody is an agent without the passcode, nor a visitor in TLS without a handshake.
BOOST_AUTO_TEST_CASE(StrangersDoNotCount) {
    const OpenPublicPipe pipe(Mode::Tls);
    auto wrong = pipe.connector().connect(pipe.mapping().port1);
    wrong.send(std::string(36, 'x'));
    wrong.readToEnd();
    PipeClient scanner(Poco::Net::SocketAddress("127.0.0.1", pipe.mapping().port2));
    pipe.waitFor("visitorswaiting", 1);
    scanner.close();
    pipe.waitFor("visitorswaiting", 0);
    BOOST_TEST(!pipe.api().show(pipe.mapping().id)->has("lastagent"));
    BOOST_TEST(!pipe.api().show(pipe.mapping().id)->has("lastvisitor"));
}

BOOST_AUTO_TEST_CASE(EitherSideOfAPrivateMappingCounts) {
    const OpenPrivatePipe pipe(Mode::Plain);
    const auto agent = pipe.agent2();
    pipe.waitFor("agentswaitingport2", 1);
    const auto before = now();
    BOOST_TEST(shown(pipe.api(), pipe.mapping().id, "lastagent") >= before);
}

BOOST_AUTO_TEST_CASE(OrderlyStopKeepsExactTimes) {
    const ConnectorSetup setup;
    AddedMapping used;
    AddedMapping unused;
    std::int64_t lastVisitor = 0;
    const auto started = now();
    {
        ConnectorProcess connector(setup);
        const auto& api = connector.api();
        used = api.addPublic();
        unused = api.addPublic();
        auto agent = connector.agent(used.port1, used.passcode1);
        auto visitor = connector.connect(used.port2);
        BOOST_TEST(areJoined(visitor, agent));
        visitor.close();
        agent.close();
        api.waitForCount(used.id, "relays", 0);
        lastVisitor = shown(api, used.id, "lastvisitor");
        const auto waiting = connector.agent(used.port1, used.passcode1);
        api.waitForCount(used.id, "agentswaiting", 1);
        BOOST_TEST(connector.stop() == 0);
    }
    const auto stopped = now();
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    BOOST_TEST(shown(api, used.id, "created") >= started);
    BOOST_TEST(shown(api, used.id, "lastvisitor") == lastVisitor);
    BOOST_TEST(shown(api, used.id, "lastagent") >= lastVisitor, "it was connected until the stop");
    BOOST_TEST(shown(api, used.id, "lastagent") <= stopped);
    BOOST_TEST(!api.show(unused.id)->has("lastagent"));
    BOOST_TEST(!api.show(unused.id)->has("lastvisitor"));
}

BOOST_AUTO_TEST_CASE(TimesAreWrittenWhileItRuns) {
    ConnectorSetup setup;
    setup.set("limits.last-use", 20);
    AddedMapping mapping;
    const auto started = now();
    {
        ConnectorProcess connector(setup);
        mapping = connector.api().addPublic();
        const auto agent = connector.agent(mapping.port1, mapping.passcode1);
        waitUntil("it is in the database", [&] { return stored(setup, mapping.id, "lastagent") >= started; });
        connector.kill();
    }
    const ConnectorProcess connector(setup);
    const auto last = shown(connector.api(), mapping.id, "lastagent");
    BOOST_TEST(last >= started);
    BOOST_TEST(last == stored(setup, mapping.id, "lastagent"));
}

/// What is stored is less than an hour old, so it stays as it is, however often it could be written.
BOOST_AUTO_TEST_CASE(ContinuousUseIsWrittenOnce) {
    ConnectorSetup setup;
    setup.set("limits.last-use", 1);
    ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    const auto other = connector.api().addPublic();
    const auto agent = connector.agent(mapping.port1, mapping.passcode1);
    waitUntil("it is in the database", [&] { return stored(setup, mapping.id, "lastagent") > 0; });
    const auto first = stored(setup, mapping.id, "lastagent");
    // The next write has seen both.
    const auto otherAgent = connector.agent(other.port1, other.passcode1);
    waitUntil("the other one is in the database", [&] { return stored(setup, other.id, "lastagent") > 0; });
    BOOST_TEST(stored(setup, mapping.id, "lastagent") == first);
    BOOST_TEST(shown(connector.api(), mapping.id, "lastagent") > first);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
