#include "Skipping.h"
#include "StoppedThread.h"
#include "TestAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <Poco/Timestamp.h>

namespace connector::test {

namespace {

using Entry = Poco::JSON::Object::Ptr;
using Entries = std::vector<Entry>;

std::int64_t now() {
    return Poco::Timestamp().epochMicroseconds() / 1000;
}

std::string pathOf(const OpenPipe& pipe) {
    return "/api/v2/mapping/" + pipe.mapping().id + "/connections";
}

/// kind: "agents" or "visitors".
Entries entriesOf(const OpenPipe& pipe, const std::string& kind) {
    const auto array = pipe.api().get(pathOf(pipe)).json()->getArray(kind);
    Entries entries;
    for (unsigned i = 0; i < array->size(); ++i)
        entries.push_back(array->getObject(i));
    return entries;
}

std::string text(const Entry& entry, const std::string& key) {
    return entry->optValue<std::string>(key, "");
}

/// The one of that kind, once there is exactly one, in that state.
Entry theOnly(const OpenPipe& pipe, const std::string& kind, const std::string& state) {
    Entries entries;
    waitUntil("there is one of the " + kind + ", " + state, [&] {
        entries = entriesOf(pipe, kind);
        return entries.size() == 1 && text(entries[0], "state") == state;
    });
    return entries[0];
}

/// The numbers are the caller's alone, whatever they are.
ApiAnswer end(const OpenPipe& pipe, const Entry& entry) {
    return pipe.api().request("DELETE", pathOf(pipe) + "/" + text(entry, "n"));
}

bool isEnded(const ApiAnswer& answer, const OpenPipe& pipe, const Entry& entry) {
    return answer.status == 200 && answer.field("status") == "ok" &&
           answer.field("id") == pipe.mapping().id && answer.field("n") == text(entry, "n");
}

std::string addressOf(const PipeClient& client) {
    return "127.0.0.1:" + std::to_string(client.localPort());
}

} // namespace

BOOST_AUTO_TEST_SUITE(Connections)

BOOST_DATA_TEST_CASE(WaitingAgentIsTold, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto before = now();
    const auto agent = pipe.waitingAgent();
    const auto entry = theOnly(pipe, "agents", "waiting");
    BOOST_TEST(text(entry, "address") == addressOf(agent));
    BOOST_TEST(text(entry, "protocol") == "PIPE/1");
    BOOST_TEST(text(entry, "port") == "1");
    BOOST_TEST(entry->getValue<std::int64_t>("since") >= before);
    BOOST_TEST(entry->getValue<std::int64_t>("since") <= now());
    BOOST_TEST(text(entry, "bytesin") == "0");
    BOOST_TEST(!entry->has("streams"));
    BOOST_TEST(entriesOf(pipe, "visitors").size() == 0);
}

BOOST_DATA_TEST_CASE(RelayIsToldWithBothItsEnds, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.waitingAgent();
    const auto number = text(theOnly(pipe, "agents", "waiting"), "n");
    auto visitor = pipe.visitor();
    visitor.send("question");
    BOOST_TEST(agent.readExactly(8) == "question");
    agent.send("the answer");
    BOOST_TEST(visitor.readExactly(10) == "the answer");
    const auto agentEntry = theOnly(pipe, "agents", "relay");
    BOOST_TEST(text(agentEntry, "n") == number, "it is the same connection");
    BOOST_TEST(text(agentEntry, "bytesin") == "10");
    BOOST_TEST(text(agentEntry, "bytesout") == "8");
    const auto visitorEntry = theOnly(pipe, "visitors", "relay");
    BOOST_TEST(text(visitorEntry, "n") != number);
    BOOST_TEST(text(visitorEntry, "address") == addressOf(visitor));
    BOOST_TEST(text(visitorEntry, "agent") == addressOf(agent));
    BOOST_TEST(text(visitorEntry, "port") == "2");
    BOOST_TEST(text(visitorEntry, "bytesin") == "8");
    BOOST_TEST(text(visitorEntry, "bytesout") == "10");
    BOOST_TEST(!visitorEntry->has("protocol"));
}

BOOST_DATA_TEST_CASE(VisitorThatWaitsIsTold, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto visitor = pipe.visitor();
    const auto entry = theOnly(pipe, "visitors", "waiting");
    BOOST_TEST(text(entry, "address") == addressOf(visitor));
    BOOST_TEST(!entry->has("agent"));
    BOOST_TEST(entriesOf(pipe, "agents").size() == 0);
}

/// A visitor that a stream was opened for waits until it is accepted.
BOOST_DATA_TEST_CASE(ConnectionOfPipe2IsToldWithItsStreams, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    BOOST_TEST(text(theOnly(pipe, "agents", "streams"), "streams") == "0");
    auto visitor = pipe.visitor();
    visitor.send("question");
    auto stream = agent.nextRequest();
    BOOST_TEST(text(theOnly(pipe, "visitors", "waiting"), "address") == addressOf(visitor));
    stream.answer();
    BOOST_TEST(stream.readExactly(8) == "question");
    stream.send("the answer");
    BOOST_TEST(visitor.readExactly(10) == "the answer");
    const auto entry = theOnly(pipe, "agents", "streams");
    BOOST_TEST(text(entry, "protocol") == "PIPE/2");
    BOOST_TEST(text(entry, "streams") == "1");
    BOOST_TEST(text(entry, "bytesin") == "10");
    BOOST_TEST(text(entry, "bytesout") == "8");
    const auto visitorEntry = theOnly(pipe, "visitors", "relay");
    BOOST_TEST(text(visitorEntry, "agent") == "127.0.0.1:" + std::to_string(agent.localPort()));
}

BOOST_DATA_TEST_CASE(PrivateMappingHasAgentsOnBothPorts, kModes, mode) {
    const OpenPrivatePipe pipe(mode);
    auto [one, other] = pipe.relay();
    BOOST_TEST(areJoined(one, other));
    const auto entries = entriesOf(pipe, "agents");
    BOOST_REQUIRE(entries.size() == 2);
    std::set<std::string> addresses;
    for (const auto& entry : entries) {
        BOOST_TEST(text(entry, "state") == "relay");
        addresses.insert(text(entry, "port") + " " + text(entry, "address"));
    }
    BOOST_TEST(addresses.contains("1 " + addressOf(one)));
    BOOST_TEST(addresses.contains("2 " + addressOf(other)));
    BOOST_TEST(entriesOf(pipe, "visitors").size() == 0);
}

/// It has proved nothing.
BOOST_AUTO_TEST_CASE(StrangerOnAnAgentsPortIsNotTold) {
    const OpenPublicPipe pipe(Mode::Plain);
    const auto stranger = pipe.connector().connect(pipe.mapping().port1);
    const auto agent = pipe.waitingAgent();
    BOOST_TEST(text(theOnly(pipe, "agents", "waiting"), "address") == addressOf(agent));
}

BOOST_DATA_TEST_CASE(RelayThatIsEndedIsResetAtBothEnds,
                     kModes* boost::unit_test::data::make({"agents", "visitors"}), mode, kind) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    const auto other = pipe.waitingAgent();
    waitUntil("both are told of", [&] { return entriesOf(pipe, "agents").size() == 2; });
    const auto entries = entriesOf(pipe, kind);
    const auto address = addressOf(std::string(kind) == "agents" ? agent : visitor);
    const auto entry = *std::find_if(entries.begin(), entries.end(),
                                     [&](const auto& one) { return text(one, "address") == address; });
    BOOST_TEST(isEnded(end(pipe, entry), pipe, entry));
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(agent.readToEnd() == "");
    BOOST_TEST((visitor.end() == ByteChannel::End::Reset));
    BOOST_TEST((agent.end() == ByteChannel::End::Reset));
    pipe.waitFor("relays", 0);
    BOOST_TEST(isRefused(end(pipe, entry), 404, "has no connection " + text(entry, "n")));
    BOOST_TEST(text(theOnly(pipe, "agents", "waiting"), "address") == addressOf(other));
    waitUntil("it is in the log", [&] {
        return pipe.connector().log().find(address + ", connection " + text(entry, "n") +
                                           ", was ended by anonymous at 127.0.0.1") != std::string::npos;
    });
}

BOOST_DATA_TEST_CASE(WaitingConnectionIsClosed, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto visitor = pipe.visitor();
    const auto waiting = theOnly(pipe, "visitors", "waiting");
    BOOST_TEST(isEnded(end(pipe, waiting), pipe, waiting));
    BOOST_TEST(visitor.readToEnd() == "");
    auto agent = pipe.waitingAgent();
    const auto entry = theOnly(pipe, "agents", "waiting");
    BOOST_TEST(isEnded(end(pipe, entry), pipe, entry));
    BOOST_TEST(agent.readToEnd() == "");
    pipe.waitFor("agentswaiting", 0);
    const auto next = pipe.waitingAgent();
    BOOST_TEST(text(theOnly(pipe, "agents", "waiting"), "address") == addressOf(next));
}

BOOST_DATA_TEST_CASE(ConnectionOfPipe2EndsWithItsStreams, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(areJoined(visitor, stream));
    const auto entry = theOnly(pipe, "agents", "streams");
    BOOST_TEST(isEnded(end(pipe, entry), pipe, entry));
    agent.awaitEnd();
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST((visitor.end() == ByteChannel::End::Reset));
    pipe.waitFor("relays", 0);
}

/// Its agent and the agent's other streams go on.
BOOST_DATA_TEST_CASE(VisitorOnAStreamIsEndedAlone, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto ended = pipe.visitor();
    auto endedStream = agent.nextRequest();
    endedStream.answer();
    BOOST_TEST(areJoined(ended, endedStream));
    const auto entry = theOnly(pipe, "visitors", "relay");
    auto other = pipe.visitor();
    auto otherStream = agent.nextRequest();
    otherStream.answer();
    BOOST_TEST(areJoined(other, otherStream));
    BOOST_TEST(isEnded(end(pipe, entry), pipe, entry));
    BOOST_TEST(ended.readToEnd() == "");
    BOOST_TEST(areJoined(other, otherStream));
}

/// A stream was opened for it, and is not answered.
BOOST_DATA_TEST_CASE(VisitorThatIsBeingOpenedForIsEnded, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor();
    auto stream = agent.nextRequest();
    const auto entry = theOnly(pipe, "visitors", "waiting");
    BOOST_TEST(isEnded(end(pipe, entry), pipe, entry));
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(text(theOnly(pipe, "agents", "streams"), "protocol") == "PIPE/2");
}

BOOST_AUTO_TEST_CASE(OnlyItsMappingsConnectionsAreEnded) {
    const OpenPublicPipe pipe(Mode::Plain);
    const auto agent = pipe.waitingAgent();
    const auto entry = theOnly(pipe, "agents", "waiting");
    const auto other = pipe.api().addPublic();
    const auto path = "/api/v2/mapping/" + other.id + "/connections/" + text(entry, "n");
    BOOST_TEST(isRefused(pipe.api().request("DELETE", path), 404, "has no connection"));
    BOOST_TEST(isRefused(pipe.api().request("DELETE", pathOf(pipe) + "/x"), 400, "n: \"x\" is not allowed"));
    BOOST_TEST(
        isRefused(pipe.api().request("DELETE", "/api/v2/mapping/nobody/connections/1"), 404, "nobody"));
    BOOST_TEST(isRefused(pipe.api().get("/api/v2/mapping/nobody/connections"), 404, "nobody"));
    BOOST_TEST(text(theOnly(pipe, "agents", "waiting"), "n") == text(entry, "n"));
}

BOOST_AUTO_TEST_CASE(LongListIsCut) {
    constexpr std::size_t kMost = 1000;
    const OpenPublicPipe pipe(Mode::Plain, {.maxConnections = 2000});
    std::vector<PipeClient> agents;
    for (std::size_t i = 0; i <= kMost; ++i)
        agents.push_back(pipe.agent1());
    pipe.waitFor("agentswaiting", kMost + 1);
    BOOST_TEST(entriesOf(pipe, "agents").size() == kMost);
    BOOST_TEST(pipe.api().get(pathOf(pipe)).json()->getValue<bool>("truncated"));
    agents.pop_back();
    pipe.waitFor("agentswaiting", kMost);
    BOOST_TEST(entriesOf(pipe, "agents").size() == kMost);
    BOOST_TEST(!pipe.api().get(pathOf(pipe)).json()->has("truncated"));
}

/// The API's threads are for others, too.
BOOST_AUTO_TEST_CASE(LoopThatIsStuckIsNotWaitedForLong) {
    ConnectorSetup setup;
    setup.set("limits.loop-wait", 50);
    setup.set("threads", 1);
    ConnectorProcess connector(setup);
    const auto path = "/api/v2/mapping/" + connector.api().addPublic().id + "/connections";
    {
        const StoppedThread stuck(connector.process(), "loop-1");
        const auto answer = connector.api().get(path);
        BOOST_TEST(isRefused(answer, 503, "limits.loop-wait"));
        BOOST_TEST(answer.headers.has("Retry-After"));
        BOOST_TEST(isRefused(connector.api().request("DELETE", path + "/1"), 503, "limits.loop-wait"));
    }
    BOOST_TEST(connector.api().get(path).status == 200);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
