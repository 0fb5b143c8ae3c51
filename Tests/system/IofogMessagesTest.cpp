#include "ContainerAgent.h"
#include "ControllersJson.h"
#include "IoMessages.h"
#include "LocalApiServer.h"
#include "OpenPipe.h"
#include "RandomStream.h"
#include "StockAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

using Line = StockAgent::Line;

constexpr std::uint64_t kSeed = 10;
/// What the agent holds of the bus's messages, and of those for the bus.
constexpr int kQueue = 100;

/// One node: its local API, and its networking container on one side of the mapping.
class Node {
  public:
    Node(OpenPipe& pipe, Side side, int connections = 1)
        : _agent(configured(_api, controllersJson(pipe.setup(), pipe.mapping(), side, 0, connections))) {
        _api.waitForMessageSocket();
        pipe.waitFor(waitingKey(side), connections);
    }

    LocalApiServer& api() { return _api; }
    Daemon& agent() { return _agent.daemon(); }

    /// Puts a message onto the bus, and returns when the container has acknowledged it.
    void send(const std::string& id, const std::string& content) {
        const auto before = _api.acknowledged();
        _api.send(ioMessage(id, "a publisher", content));
        waitUntil("the message is acknowledged", [&] { return _api.acknowledged() > before; });
    }

    /// The contents of what has come, as many as that at least; all published by this container.
    std::vector<std::string> received(std::size_t atLeast) const {
        std::vector<std::string> contents;
        for (const auto& message : _api.waitForMessages(atLeast)) {
            const auto fields = fieldsOf(message);
            BOOST_TEST(fields.id == "");
            BOOST_TEST(fields.publisher == LocalApiServer::kContainer);
            contents.push_back(fields.content);
        }
        return contents;
    }

  private:
    static const LocalApiServer& configured(LocalApiServer& api, const std::string& json) {
        api.setConfiguration(json);
        return api;
    }

    LocalApiServer _api;
    ContainerAgent _agent;
};

std::vector<std::string> texts(const std::string& prefix, int count) {
    std::vector<std::string> result;
    for (int i = 0; i < count; ++i)
        result.push_back(prefix + std::to_string(i));
    return result;
}

void sendAll(Node& node, const std::vector<std::string>& contents) {
    for (const auto& content : contents)
        node.send(content, content);
}

bool isSame(const std::vector<std::string>& one, const std::vector<std::string>& other) {
    return one == other;
}

} // namespace

BOOST_AUTO_TEST_SUITE(IofogMessages)

BOOST_DATA_TEST_CASE(GoBothWays, kModes, mode) {
    OpenPrivatePipe pipe(mode);
    Node one(pipe, Side::Port1);
    Node other(pipe, Side::Port2);
    for (int round = 1; round <= 3; ++round) {
        sendAll(one, texts("from one ", 10));
        sendAll(other, texts("from the other ", 10));
        other.received(10 * round);
        one.received(10 * round);
    }
    BOOST_TEST(one.received(30).size() == 30U);
    BOOST_TEST(other.received(30).size() == 30U);
    BOOST_TEST(one.received(30).back() == "from the other 9");
}

BOOST_DATA_TEST_CASE(MayBeLarge, kModes, mode) {
    constexpr std::size_t kLarge = 5U << 20U;
    OpenPrivatePipe pipe(mode);
    Node one(pipe, Side::Port1);
    Node other(pipe, Side::Port2);
    const auto content = randomBytes(kLarge, kSeed);
    one.send("large", content);
    BOOST_TEST((other.received(1).at(0) == content));
    other.send("large, too", content);
    BOOST_TEST((one.received(1).at(0) == content));
}

BOOST_AUTO_TEST_CASE(UseAllConnections) {
    constexpr int kConnections = 3;
    OpenPrivatePipe pipe(Mode::Tls, {.maxConnections = kConnections});
    Node one(pipe, Side::Port1, kConnections);
    Node other(pipe, Side::Port2, kConnections);
    const auto sent = texts("message ", 60);
    sendAll(one, sent);
    const auto received = other.received(sent.size());
    BOOST_TEST((std::set(received.begin(), received.end()) == std::set(sent.begin(), sent.end())));
    BOOST_TEST(received.size() == sent.size());
}

BOOST_AUTO_TEST_CASE(GoToAndFromTheDevelopLine) {
    OpenPrivatePipe pipe(Mode::Tls);
    Node node(pipe, Side::Port1);
    StockAgent stock(pipe, Side::Port2, Line::Develop);
    for (int i = 0; i < 3; ++i) {
        stock.send(ioMessage("id" + std::to_string(i), "p", "from stock " + std::to_string(i)));
        node.send(std::to_string(i), "to stock");
        const auto fields = fieldsOf(stock.receive());
        BOOST_TEST(fields.id == std::to_string(i));
        BOOST_TEST(fields.publisher == "a publisher");
        BOOST_TEST(fields.content == "to stock");
    }
    BOOST_TEST(isSame(node.received(3), texts("from stock ", 3)));
}

/// To that line ACK would be the beginning of a message.
BOOST_DATA_TEST_CASE(GoToAndFromTheLineThatDoesNotAcknowledge, kModes, mode) {
    OpenPrivatePipe pipe(mode);
    Node node(pipe, Side::Port1);
    StockAgent stock(pipe, Side::Port2, Line::NoAck);
    for (int i = 0; i < 3; ++i) {
        stock.send(ioMessage("id" + std::to_string(i), "p", "from stock " + std::to_string(i)));
        node.received(i + 1);
        node.send(std::to_string(i), "to stock");
        BOOST_TEST(fieldsOf(stock.receive()).id == std::to_string(i));
    }
    BOOST_TEST(isSame(node.received(3), texts("from stock ", 3)));
}

/// A second copy would be a second message there.
BOOST_DATA_TEST_CASE(AreNotRepeatedForWhoNeverAcknowledges, kModes, mode) {
    OpenPrivatePipe pipe(mode);
    Node node(pipe, Side::Port1);
    StockAgent stock(pipe, Side::Port2, Line::NoAck);
    for (int i = 0; i < 4; ++i)
        node.send(std::to_string(i), "content");
    for (int i = 0; i < 4; ++i)
        BOOST_TEST(fieldsOf(stock.receive()).id == std::to_string(i));
    BOOST_TEST(stock.connection().isQuiet());
}

BOOST_AUTO_TEST_CASE(AreRepeatedForWhoDoesAcknowledge) {
    OpenPrivatePipe pipe(Mode::Tls);
    Node node(pipe, Side::Port1);
    StockAgent stock(pipe, Side::Port2, Line::Develop);
    node.send("first", "content");
    BOOST_TEST(fieldsOf(stock.receive()).id == "first");
    node.send("second", "content");
    const auto copy = stock.receiveOnly();
    BOOST_TEST((stock.receiveOnly() == copy));
    stock.connection().send("ACKACK");
    node.send("third", "content");
}

BOOST_AUTO_TEST_CASE(ThatComeAgainAreGivenToTheBusOnce) {
    OpenPrivatePipe pipe(Mode::Tls);
    Node node(pipe, Side::Port1);
    StockAgent stock(pipe, Side::Port2, Line::Develop);
    stock.send(ioMessage("one", "p", "one"));
    stock.send(ioMessage("one", "p", "one"));
    stock.send(ioMessage("two", "p", "two"));
    BOOST_TEST(isSame(node.received(2), {"one", "two"}));
}

/// It isn't acknowledged either, so that a sender that waits for that sends it again.
BOOST_AUTO_TEST_CASE(ThatAreDamagedAreLeftOut) {
    OpenPrivatePipe pipe(Mode::Tls);
    Node node(pipe, Side::Port1);
    StockAgent stock(pipe, Side::Port2, Line::Develop);
    stock.connection().send("rubbish");
    stock.connection().send("TXEND");
    stock.send(ioMessage("one", "p", "one"));
    BOOST_TEST(isSame(node.received(1), {"one"}));
    node.agent().waitForLog("no ioMessage");
}

/// The other side is down, or Connector: what the bus has more than the agent holds stays there.
BOOST_AUTO_TEST_CASE(StayOnTheBusWhileThePipeTakesNone) {
    constexpr int kMore = kQueue + 50;
    ConnectorSetup setup(Mode::Tls);
    std::optional<ConnectorProcess> connector(std::in_place, setup);
    const auto mapping = connector->api().addPrivate();
    connector->stop();
    connector.reset();
    LocalApiServer api;
    api.setConfiguration(controllersJson(setup, mapping, Side::Port1, 0));
    const ContainerAgent agent(api);
    LocalApiServer otherApi;
    otherApi.setConfiguration(controllersJson(setup, mapping, Side::Port2, 0));
    const ContainerAgent other(otherApi);
    const auto contents = texts("message ", kMore);
    for (const auto& content : contents)
        api.send(ioMessage(content, "p", content));
    waitUntilStalled("acknowledgements", [&] { return api.acknowledged(); });
    BOOST_TEST(api.acknowledged() == kQueue);
    connector.emplace(setup);
    std::vector<std::string> received;
    for (const auto& message : otherApi.waitForMessages(contents.size()))
        received.push_back(fieldsOf(message).content);
    BOOST_TEST(isSame(received, contents));
}

/// Nothing tells the agent that the other side isn't there: Connector takes the messages, and is killed.
BOOST_AUTO_TEST_CASE(SurviveConnectorWhileTheOtherSideIsAway) {
    constexpr int kSent = 20;
    ConnectorSetup setup(Mode::Tls);
    std::optional<ConnectorProcess> connector(std::in_place, setup);
    const auto mapping = connector->api().addPrivate();
    LocalApiServer api;
    api.setConfiguration(controllersJson(setup, mapping, Side::Port1, 0));
    const ContainerAgent agent(api);
    api.waitForMessageSocket();
    connector->api().waitForCount(mapping.id, waitingKey(Side::Port1), 1);
    const auto contents = texts("message ", kQueue + kSent);
    for (const auto& content : contents)
        api.send(ioMessage(content, "p", content));
    // What has no room between bus and pipe any more was sent to Connector.
    waitUntil("all are acknowledged", [&] { return api.acknowledged() == kQueue + kSent; });
    connector->kill();
    connector.emplace(setup);
    LocalApiServer otherApi;
    otherApi.setConfiguration(controllersJson(setup, mapping, Side::Port2, 0));
    const ContainerAgent other(otherApi);
    std::vector<std::string> received;
    for (const auto& message : otherApi.waitForMessages(contents.size()))
        received.push_back(fieldsOf(message).content);
    BOOST_TEST(isSame(received, contents));
}

/// As long as the other side reads nothing, a large message can't be on its way as a whole.
BOOST_AUTO_TEST_CASE(AreSentAgainOnAnotherConnectionAndThenGivenUpWithALine) {
    constexpr int kLosses = 5;
    constexpr std::size_t kLarge = 10'000'000;
    OpenPrivatePipe pipe(Mode::Tls);
    Node node(pipe, Side::Port1);
    node.send("unlucky", std::string(kLarge, 'x'));
    for (int i = 0; i < kLosses; ++i) {
        StockAgent stock(pipe, Side::Port2, Line::Develop, {.bufferSize = 4096});
        stock.connection().readExactly(1); // of the message: it has begun to come on this connection
        stock.connection().abort();
    }
    node.agent().waitForLog("ioMessage unlucky is lost");
    StockAgent stock(pipe, Side::Port2, Line::Develop);
    node.send("lucky", "content");
    BOOST_TEST(fieldsOf(stock.receive()).id == "lucky");
}

BOOST_AUTO_TEST_CASE(AreLoggedWhenTheyAreLostWithTheProcess) {
    OpenPrivatePipe pipe(Mode::Tls);
    Node one(pipe, Side::Port1);
    pipe.connector().stop();
    waitUntil("the agent has noticed",
              [&] { return one.agent().log().find("0 of 1 connections") != std::string::npos; });
    one.send("last", "content");
    BOOST_TEST(one.agent().stop() == 0);
    BOOST_TEST(one.agent().log().find("ioMessage last") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(LocalApiMayGoAndComeBack) {
    OpenPrivatePipe pipe(Mode::Tls);
    Node one(pipe, Side::Port1);
    Node other(pipe, Side::Port2);
    sendAll(one, texts("before ", 3));
    other.received(3);
    other.api().stop();
    sendAll(one, texts("meanwhile ", 3));
    other.api().start();
    other.received(6);
    one.api().stop();
    one.api().start();
    one.api().waitForMessageSocket();
    sendAll(one, texts("after ", 3));
    BOOST_TEST(other.received(9).back() == "after 2");
}

/// The configuration changes from private to public: nobody listens to the bus any more.
BOOST_AUTO_TEST_CASE(BusIsLeftWithThePipe) {
    OpenPrivatePipe pipe(Mode::Plain);
    Node node(pipe, Side::Port1);
    const OpenPublicPipe other(Mode::Plain);
    node.api().changeConfiguration(
        controllersJson(ConnectorSetup(Mode::Plain), other.mapping(), Side::Port1, 1));
    other.waitFor("agentswaiting", 1);
    pipe.waitFor(waitingKey(Side::Port1), 0);
    node.api().waitForNoMessageSocket();
    node.api().changeConfiguration(controllersJson(pipe.setup(), pipe.mapping(), Side::Port1, 0));
    node.api().waitForMessageSocket();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
