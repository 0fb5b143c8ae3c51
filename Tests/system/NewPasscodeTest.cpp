#include "AgentProgram.h"
#include "OpenPipe.h"
#include "PipeActions.h"
#include "TestAgent.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// Longer than any test.
const std::string kLongOverlap = R"("overlap":600000)";

ApiAnswer tryChangePasscode(const ApiClient& api, const std::string& id, const std::string& json = "") {
    return api.post("/api/v2/mapping/" + id + "/passcode", json, ApiClient::kJson);
}

/// The new one.
std::string changePasscode(const ApiClient& api, const std::string& id, const std::string& json = "") {
    const auto answer = tryChangePasscode(api, id, json);
    BOOST_TEST_REQUIRE(answer.status == 200, json << ": " << answer);
    return answer.field(answer.json()->has("passcode1") ? "passcode1" : "passcode2");
}

std::string object(const std::string& members) {
    return "{" + members + "}";
}

bool isAuthorizedInPipe2(const ConnectorProcess& connector, int port, const std::string& passcode) {
    try {
        const Http2Peer agent(connector.connect(static_cast<std::uint16_t>(port)), passcode,
                              PipeRole::Serves);
        return true;
    } catch (const ConnectionLost&) {
        return false;
    }
}

bool isAuthorized(const OpenPipe& pipe, const std::string& passcode) {
    return pipe.connector().isAuthorized(pipe.mapping().port1, passcode);
}

} // namespace

BOOST_AUTO_TEST_SUITE(NewPasscode)

BOOST_DATA_TEST_CASE(NewPasscodeIsTheOnlyOneAtOnce, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto& mapping = pipe.mapping();
    auto [visitor, agent] = pipe.relay();
    auto waiting = pipe.waitingAgent();
    const auto passcode = changePasscode(pipe.api(), mapping.id);
    BOOST_TEST(passcode.size() == mapping.passcode1.size());
    BOOST_TEST(isClosedUnanswered(waiting));
    BOOST_TEST(areJoined(visitor, agent));
    BOOST_TEST(!isAuthorized(pipe, mapping.passcode1));
    BOOST_TEST(!isAuthorizedInPipe2(pipe.connector(), mapping.port1, mapping.passcode1));
    pipe.waitFor("agentswaiting", 0);
    auto newAgent = pipe.connector().agent(mapping.port1, passcode);
    auto second = pipe.visitor();
    BOOST_TEST(areJoined(second, newAgent));
    pipe.connector().waitForLog("mapping " + mapping.id +
                                " changed by anonymous at 127.0.0.1: a new passcode");
    BOOST_TEST(pipe.connector().log().find(passcode) == std::string::npos);
}

BOOST_DATA_TEST_CASE(AgentOfPipe2KeepsItsStreamsWhenItsPasscodeIsFormer, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = servingAgent(pipe);
    auto visitor = pipe.visitor();
    visitor.send("first");
    auto stream = agent.nextRequest();
    stream.answer();
    BOOST_TEST(stream.readExactly(5) == "first");
    const auto passcode = changePasscode(pipe.api(), pipe.mapping().id);
    BOOST_TEST(agent.awaitGoaway().code == NGHTTP2_NO_ERROR);
    BOOST_TEST(areJoined(visitor, stream));
    auto second = pipe.visitor();
    second.send("second");
    Http2Peer newAgent(pipe.connector().connect(pipe.mapping().port1), passcode, PipeRole::Serves);
    auto secondStream = newAgent.nextRequest();
    secondStream.answer();
    BOOST_TEST(secondStream.readExactly(6) == "second");
    BOOST_TEST(areJoined(visitor, stream));
}

BOOST_AUTO_TEST_CASE(OpeningAgentKeepsItsStreamsWhenItsPasscodeIsFormer) {
    const OpenPrivatePipe pipe(Mode::Plain, {.maxConnections = 2});
    auto serving = servingAgent(pipe, Side::Port2);
    auto opening = openingAgent(pipe, Side::Port1);
    auto stream = opening.open("192.0.2.7:51234", "first");
    auto served = serving.nextRequest();
    served.answer();
    BOOST_TEST(stream.status() == 200);
    BOOST_TEST(served.readExactly(5) == "first");
    changePasscode(pipe.api(), pipe.mapping().id, R"({"side":"port1"})");
    BOOST_TEST(opening.awaitGoaway().code == NGHTTP2_NO_ERROR);
    BOOST_TEST(areJoined(stream, served));
    BOOST_TEST(!serving.isEnded());
}

/// While it is not known whether its client is taken, an agent is among neither those that wait nor those in
/// relays.
BOOST_DATA_TEST_CASE(AgentWhoseClientIsNotTakenDoesNotComeBackWithAFormerPasscode, kModes, mode) {
    const OpenPrivatePipe pipe(mode, {.limits = {{"open", 600000}, {"visitor-wait", 600000}}});
    auto opener = pipe.agent1();
    opener.send("a request");
    auto refusing = servingAgent(pipe, Side::Port2);
    auto refused = refusing.nextRequest();
    BOOST_TEST(refused.readExactly(9) == "a request");
    changePasscode(pipe.api(), pipe.mapping().id, R"({"side":"port1"})");
    refused.reset(NGHTTP2_REFUSED_STREAM);
    BOOST_TEST(isClosedUnanswered(opener));
    pipe.waitFor("agentswaitingport1", 0);
}

BOOST_DATA_TEST_CASE(SidesHavePasscodesOfTheirOwn, kSides, side) {
    const OpenPrivatePipe pipe(Mode::Plain, {.maxConnections = 2});
    auto changedSide = pipe.connector().agent(portOf(pipe, side), passcodeOf(pipe, side));
    auto otherSide = pipe.connector().agent(portOf(pipe, opposite(side)), passcodeOf(pipe, opposite(side)));
    const auto name = side == Side::Port1 ? "port1" : "port2";
    const auto answer =
        tryChangePasscode(pipe.api(), pipe.mapping().id, object("\"side\":\"" + std::string(name) + "\""));
    const auto passcode = answer.field(side == Side::Port1 ? "passcode1" : "passcode2");
    BOOST_TEST(isClosedUnanswered(changedSide));
    BOOST_TEST(answersBeat(otherSide));
    auto agent = pipe.connector().agent(portOf(pipe, side), passcode);
    otherSide.send("hello");
    BOOST_TEST(agent.readExactly(5) == "hello");
}

BOOST_DATA_TEST_CASE(WithinTheOverlapBothAreGood, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto& mapping = pipe.mapping();
    auto waiting = pipe.waitingAgent();
    const auto second = changePasscode(pipe.api(), mapping.id, object(kLongOverlap));
    BOOST_TEST(answersBeat(waiting));
    BOOST_TEST(isAuthorized(pipe, mapping.passcode1));
    BOOST_TEST(isAuthorizedInPipe2(pipe.connector(), mapping.port1, mapping.passcode1));
    BOOST_TEST(isAuthorized(pipe, second));
    BOOST_TEST(isAuthorizedInPipe2(pipe.connector(), mapping.port1, second));
    // The one before the former is out.
    auto ofSecond = pipe.connector().agent(mapping.port1, second);
    const auto third = changePasscode(pipe.api(), mapping.id, object(kLongOverlap));
    BOOST_TEST(isClosedUnanswered(waiting));
    BOOST_TEST(answersBeat(ofSecond));
    BOOST_TEST(!isAuthorized(pipe, mapping.passcode1));
    BOOST_TEST(isAuthorized(pipe, second));
    BOOST_TEST(isAuthorized(pipe, third));
}

BOOST_DATA_TEST_CASE(AfterTheOverlapTheFormerIsOut, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    const auto& mapping = pipe.mapping();
    auto agent = servingAgent(pipe);
    auto waiting = pipe.agent1();
    const auto passcode = changePasscode(pipe.api(), mapping.id, R"({"overlap":200})");
    auto newAgent = pipe.connector().agent(mapping.port1, passcode);
    BOOST_TEST(isClosedUnanswered(waiting));
    agent.awaitGoaway();
    BOOST_TEST(answersBeat(newAgent));
    BOOST_TEST(!isAuthorized(pipe, mapping.passcode1));
    BOOST_TEST(isAuthorized(pipe, passcode));
}

BOOST_AUTO_TEST_CASE(OverlapGoesOnAfterARestart) {
    const ConnectorSetup setup;
    AddedMapping kept;
    AddedMapping over;
    std::string newOfKept;
    std::string newOfOver;
    {
        ConnectorProcess connector(setup);
        kept = connector.api().addPublic();
        over = connector.api().addPublic();
        newOfKept = changePasscode(connector.api(), kept.id, object(kLongOverlap));
        newOfOver = changePasscode(connector.api(), over.id, R"({"overlap":1})");
        connector.kill();
    }
    const ConnectorProcess connector(setup);
    auto former = connector.agent(kept.port1, kept.passcode1);
    BOOST_TEST(connector.isAuthorized(kept.port1, newOfKept));
    BOOST_TEST(!connector.isAuthorized(over.port1, over.passcode1));
    BOOST_TEST(connector.isAuthorized(over.port1, newOfOver));
    BOOST_TEST(connector.api().tryChange(kept.id, R"({"label":"x"})").status == 200);
    BOOST_TEST(answersBeat(former), "other changes have nothing to do with it");
    changePasscode(connector.api(), kept.id, object(kLongOverlap));
    BOOST_TEST(isClosedUnanswered(former));
}

/// As operators are told to do it.
BOOST_DATA_TEST_CASE(AgentThatLearnsTheNewPasscodeInTimeLosesNothing, kModes* kProtocols, mode, protocol) {
    const ConnectorSetup setup(mode);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    auto mapping = api.addPublic();
    TestTarget target;
    const auto pipe = [&] {
        return agentPipe(setup, mapping, {.localPort = target.port(), .connections = 2});
    };
    const auto visit = [&] {
        auto visitor = connector.connect(mapping.port2);
        visitor.send("hello");
        auto server = target.accept();
        BOOST_TEST(server.readExactly(5) == "hello");
        return std::pair(std::move(visitor), std::move(server));
    };
    AgentProgram agent(setup, {pipe()}, protocol);
    auto before = visit();
    const auto former = mapping.passcode1;
    mapping.passcode1 = changePasscode(api, mapping.id, object(kLongOverlap));
    auto within = visit();
    agent.reload({pipe()});
    auto reloaded = visit();
    changePasscode(api, mapping.id, object(kLongOverlap)); // the first overlap is over
    BOOST_TEST(!connector.isAuthorized(mapping.port1, former));
    auto after = visit();
    for (auto* one : {&before, &within, &reloaded, &after})
        BOOST_TEST(areJoined(one->first, one->second));
}

/// It may be an agent that knows the new one already.
BOOST_DATA_TEST_CASE(ConnectionThatHasNotSaidItsPasscodeIsJudgedByTheNewOne, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto agent = pipe.connector().connect(pipe.mapping().port1);
    const auto another = pipe.agent1(); // so the one before is accepted
    const auto passcode = changePasscode(pipe.api(), pipe.mapping().id);
    authorize(agent, passcode);
    BOOST_TEST(answersBeat(agent));
}

BOOST_AUTO_TEST_CASE(UnfitChangesOfPasscodesAreNamed) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto opened = api.addPublic();
    const auto closed = api.addPrivate();
    const std::vector<std::tuple<std::string, std::string, std::string>> cases{
        {opened.id, R"({"side":"port2"})", "side: \"port2\" has no passcode"},
        {closed.id, "", "side: missing"},
        {closed.id, "{}", "side: missing"},
        {closed.id, R"({"overlap":1})", "side: missing"},
        {opened.id, R"({"side":"port3"})", "side: "},
        {opened.id, R"({"overlap":-1})", "overlap: "},
        {opened.id, R"({"overlap":2147483648})", "overlap: "},
        {opened.id, R"({"overlap":"1"})", "overlap: "},
        {opened.id, R"({"passcode":"x"})", "passcode: unknown key"},
        {opened.id, "[]", "JSON"},
        {opened.id, "{", "JSON"}};
    for (const auto& [id, body, named] : cases)
        BOOST_TEST(isRefused(tryChangePasscode(api, id, body), 400, named), body);
    BOOST_TEST(isRefused(tryChangePasscode(api, "nobody"), 404, "nobody"));
    BOOST_TEST(connector.isAuthorized(opened.port1, opened.passcode1));
    BOOST_TEST(connector.isAuthorized(closed.port1, closed.passcode1));
    BOOST_TEST(connector.isAuthorized(closed.port2, closed.passcode2));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
