#include "Commands.h"
#include "EventClient.h"
#include "PortBlock.h"
#include "TestAgent.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;

/// Somebody who is told of everything from its making on: the stream has begun.
struct Listened {
    explicit Listened(Mode mode, const std::map<std::string, int>& limits = {}) : setup(mode) {
        for (const auto& [name, value] : limits)
            setup.set("limits." + name, value);
        connector.emplace(setup);
    }

    EventClient listen(const std::string& lastEventId = "") const {
        return listen(EventClient::Options{.lastEventId = lastEventId});
    }
    EventClient listen(const EventClient::Options& options) const {
        return EventClient(*connector, setup.apiPort(), options);
    }
    /// Whether one more may listen.
    bool hasPlace() const {
        try {
            listen();
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    }
    const ApiClient& api() const { return connector->api(); }

    void waitForPlace() const {
        waitUntil("one more may listen", [this] { return hasPlace(); });
    }
    /// The same, while this happens to a mapping again and again.
    void waitForPlaceWhileChanging(const std::string& id, const std::string& change) const {
        constexpr int kAtOnce = 100;
        waitUntil("one more may listen", [&] {
            for (int i = 0; i < kAtOnce; ++i)
                api().tryChange(id, change);
            return hasPlace();
        });
    }

    ConnectorSetup setup;
    std::optional<ConnectorProcess> connector;
};

/// A mapping, and a change of it whose event takes some space.
struct Changing {
    explicit Changing(const ApiClient& api) : id(api.addPublic().id) {
        std::string label;
        for (int i = 0; i < 64; ++i)
            label += "\xF0\x9F\x90\x9F"; // four bytes each
        change = "{\"label\":\"" + label + "\"}";
    }

    std::string id;
    std::string change;
};

bool isAbout(const ServerEvent& event, const std::string& name, const AddedMapping& mapping) {
    return event.name() == name && event.text("id") == mapping.id && !event.id().empty() &&
           event.data->has("timestamp") && !event.text("type").empty();
}

} // namespace

BOOST_AUTO_TEST_SUITE(ApiEvents)

BOOST_DATA_TEST_CASE(MappingsLifeIsTold, kModes, mode) {
    const Listened server(mode);
    auto client = server.listen();
    BOOST_TEST(client.head().find("Content-Type: text/event-stream\r\n") != std::string::npos);
    BOOST_TEST(client.head().find("Cache-Control: no-store\r\n") != std::string::npos);
    const auto mapping = server.api().addPublic();
    BOOST_TEST(isAbout(client.next(), "mapping-opened", mapping));
    BOOST_TEST(server.api().tryChange(mapping.id, R"({"label":"web"})").status == 200);
    const auto changed = client.next();
    BOOST_TEST(isAbout(changed, "mapping-changed", mapping));
    BOOST_TEST(changed.text("label") == "web");
    server.api().remove(mapping.id);
    const auto closed = client.next();
    BOOST_TEST(isAbout(closed, "mapping-closed", mapping));
    BOOST_TEST(std::stoull(closed.id()) == std::stoull(changed.id()) + 1);
}

BOOST_DATA_TEST_CASE(FirstAgentAndLastAreTold, kProtocols, protocol) {
    OpenPrivatePipe pipe(Mode::Plain, {.limits = {{"agents-gone", 50}}, .maxConnections = 2});
    EventClient client(pipe.connector(), pipe.setup().apiPort(), {});
    std::optional<TestAgent> first(std::in_place, pipe, Side::Port2, protocol, PipeRole::Serves);
    const auto came = client.next();
    BOOST_TEST(isAbout(came, "agent-came", pipe.mapping()));
    BOOST_TEST(came.text("port") == std::to_string(pipe.mapping().port2));
    std::optional<TestAgent> second(std::in_place, pipe, Side::Port2, protocol, PipeRole::Serves);
    pipe.waitFor("agentswaitingport2", 2);
    first.reset();
    pipe.waitFor("agentswaitingport2", 1);
    second.reset();
    const auto gone = client.next();
    BOOST_TEST(isAbout(gone, "agents-gone", pipe.mapping()));
    BOOST_TEST(gone.text("port") == std::to_string(pipe.mapping().port2));
}

/// An agent of PIPE/1 dials anew after each visitor.
BOOST_AUTO_TEST_CASE(AgentThatComesBackSoonWasNotGone) {
    OpenPublicPipe pipe(Mode::Plain, {.limits = {{"agents-gone", kNever}}});
    EventClient client(pipe.connector(), pipe.setup().apiPort(), {});
    for (int i = 0; i < 3; ++i) {
        auto [visitor, agent] = pipe.relay();
        visitor.close();
        agent.close();
        pipe.waitFor("relays", 0);
    }
    const auto mapping = pipe.api().addPublic();
    BOOST_TEST(isAbout(client.next(), "agent-came", pipe.mapping()));
    BOOST_TEST(isAbout(client.next(), "mapping-opened", mapping));
}

BOOST_AUTO_TEST_CASE(DegradedMappingIsTold) {
    Listened server(Mode::Plain, {{"retry-ports", 20}});
    const auto mapping = server.api().addPublic();
    server.connector->stop();
    std::optional<Poco::Net::ServerSocket> taken(std::in_place,
                                                 Poco::Net::SocketAddress("127.0.0.1", mapping.port2));
    server.connector.emplace(server.setup);
    waitUntil("it is degraded",
              [&] { return server.api().show(mapping.id)->getValue<std::string>("state") == "degraded"; });
    auto client = server.listen("1"); // everything
    BOOST_TEST(client.next().name() == "missed");
    const auto degraded = client.next();
    BOOST_TEST(isAbout(degraded, "mapping-degraded", mapping));
    BOOST_TEST(degraded.text("port") == std::to_string(mapping.port2));
    taken.reset();
    BOOST_TEST(isAbout(client.next(), "mapping-recovered", mapping));
}

BOOST_DATA_TEST_CASE(ClientGoesOnWhereItWas, kModes, mode) {
    const Listened server(mode);
    std::string last;
    {
        auto client = server.listen();
        server.api().addPublic();
        last = client.next().id();
    }
    const auto missed = server.api().addPublic();
    auto client = server.listen(last);
    BOOST_TEST(isAbout(client.next(), "mapping-opened", missed));
    const auto next = server.api().addPublic();
    BOOST_TEST(isAbout(client.next(), "mapping-opened", next));
}

/// It is told that there were others.
BOOST_AUTO_TEST_CASE(OnlyTheLatestAreKept) {
    const Listened server(Mode::Plain, {{"events", 2}});
    auto before = server.listen();
    server.api().addPublic();
    const auto last = before.next().id();
    std::vector<AddedMapping> mappings;
    for (int i = 0; i < 3; ++i)
        mappings.push_back(server.api().addPublic());
    auto client = server.listen(last);
    const auto missed = client.next();
    BOOST_TEST(missed.name() == "missed");
    BOOST_TEST(missed.id() == "", "the client still knows where it was");
    BOOST_TEST(isAbout(client.next(), "mapping-opened", mappings[1]));
    BOOST_TEST(isAbout(client.next(), "mapping-opened", mappings[2]));
}

BOOST_AUTO_TEST_CASE(BadLastEventIdIsRefused) {
    const Listened server(Mode::Plain);
    for (const auto* bad : {"x", "-1", "1.5", "18446744073709551616"})
        BOOST_CHECK_EXCEPTION(server.listen(bad), std::runtime_error, [](const auto& error) {
            const std::string said = error.what();
            return said.find(" 400 ") != std::string::npos && said.find("Last-Event-ID") != std::string::npos;
        });
}

BOOST_AUTO_TEST_CASE(HeadIsAnsweredAlone) {
    const Listened server(Mode::Plain);
    auto client = server.listen(EventClient::Options{.method = "HEAD"});
    BOOST_TEST(client.head().find("text/event-stream") != std::string::npos);
    BOOST_TEST(client.connection().readToEnd() == "");
}

BOOST_DATA_TEST_CASE(SilentStreamIsKeptAlive, kModes, mode) {
    const Listened server(mode, {{"event-heartbeat", 50}, {"request-time", 200}});
    auto client = server.listen();
    for (int i = 0; i < 10; ++i)
        client.awaitComment();
    const auto mapping = server.api().addPublic();
    BOOST_TEST(isAbout(client.next(), "mapping-opened", mapping));
}

/// It needs no thread of the API.
BOOST_DATA_TEST_CASE(StreamsLeaveTheApiToOthers, kModes, mode) {
    const Listened server(mode, {{"api-threads", 1}, {"event-streams", 5}});
    std::vector<EventClient> clients;
    for (int i = 0; i < 5; ++i)
        clients.push_back(server.listen());
    const auto mapping = server.api().addPublic();
    for (auto& client : clients)
        BOOST_TEST(isAbout(client.next(), "mapping-opened", mapping));
    BOOST_CHECK_EXCEPTION(server.listen(), std::runtime_error, [](const auto& error) {
        const std::string said = error.what();
        return said.find(" 503 ") != std::string::npos &&
               said.find("limits.event-streams") != std::string::npos;
    });
    clients.pop_back();
    server.waitForPlace();
}

/// What it does not read is not kept for it.
BOOST_DATA_TEST_CASE(SlowReaderIsLeftBehind, kModes, mode) {
    constexpr int kSmall = 4096;
    constexpr int kMoreThanBuffersHold = 600;
    const Listened server(mode, {{"events", 10}, {"event-heartbeat", kNever}});
    auto client = server.listen(EventClient::Options{.connect = {.bufferSize = kSmall}});
    const Changing mapping(server.api());
    for (int i = 0; i < kMoreThanBuffersHold; ++i)
        server.api().tryChange(mapping.id, mapping.change);
    const auto read = client.connection().readToEnd();
    BOOST_TEST(read.find("mapping-opened") != std::string::npos);
    BOOST_TEST(read.size() < kMoreThanBuffersHold * mapping.change.size());
    BOOST_TEST((client.connection().end() == ByteChannel::End::Orderly));
}

BOOST_DATA_TEST_CASE(ReaderThatTakesNothingIsCutOff, kModes, mode) {
    constexpr int kSmall = 4096;
    const Listened server(mode, {{"event-streams", 1}, {"event-heartbeat", 50}});
    const auto client = server.listen(EventClient::Options{.connect = {.bufferSize = kSmall}});
    const Changing mapping(server.api());
    server.waitForPlaceWhileChanging(mapping.id, mapping.change);
}

BOOST_DATA_TEST_CASE(StopEndsStreamsAtOnce, kModes, mode) {
    Listened server(mode);
    auto client = server.listen();
    BOOST_TEST(server.connector->stop() == 0);
    BOOST_TEST(client.connection().readToEnd() == "");
    BOOST_TEST((client.connection().end() == ByteChannel::End::Orderly));
}

BOOST_AUTO_TEST_CASE(StrangerIsToldNothing) {
    ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(withOperator(setup));
    const auto listen = [&](const std::string& token) {
        return EventClient(connector, setup.apiPort(), {.token = token});
    };
    BOOST_CHECK_EXCEPTION(listen("wrong-token-0123456789"), std::runtime_error, [](const auto& error) {
        return std::string(error.what()).find(" 401 ") != std::string::npos;
    });
    BOOST_TEST(listen(kOperatorToken).head().find(" 200 ") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
