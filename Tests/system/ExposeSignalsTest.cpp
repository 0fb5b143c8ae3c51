#include "Commands.h"
#include "ConnectorProcess.h"
#include "ExposeProgram.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

const std::string kNoAnswer = "the API at ";
constexpr const char* kId = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// The API of a Connector, played by the test: it answers when that wants it to.
class PlayedApi {
  public:
    /// The next request, which is for this.
    PipeClient accept(const std::string& request) {
        auto client = _socket.accept();
        const auto head = client.readThrough("\r\n\r\n");
        BOOST_TEST(head.starts_with(request + " "), head);
        return client;
    }

    static void answer(PipeClient client, const std::string& json) {
        client.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(json.size()) +
                    "\r\n\r\n" + json);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(_socket.port()); }

  private:
    TestTarget _socket;
};

/// `expose`, when it has asked for a mapping.
struct Asking {
    Asking() {
        PlayedApi::answer(api.accept("GET /api/v2/status"), "{}");
        add = api.accept("POST /api/v2/mapping/add");
    }

    /// Ends it, and waits until it knows.
    void end(int signal) {
        expose.process().signal(signal);
        waitUntil("it has heard of it", [&] { return has("Waiting for the API's answer"); });
    }

    /// The next question whether the mapping is there.
    PipeClient look() { return api.accept(std::string("GET /api/v2/mapping/") + kId); }

    void answer() {
        PlayedApi::answer(std::move(*add), std::string(R"({"id":")") + kId +
                                               R"(","port1":6000,"port2":6001,"passcode1":"p",)"
                                               R"("passcode2":""})");
    }

    /// That the mapping is there.
    static void tell(PipeClient client) {
        PlayedApi::answer(std::move(client),
                          std::string(R"({"id":")") + kId +
                              R"(","type":"public","port1":6000,"port2":6001,"state":"open","relays":0,)"
                              R"("created":0,"agentswaiting":0,"visitorswaiting":0})");
    }

    void checkRemoval() {
        auto removal = api.accept("POST /api/v2/mapping/remove");
        BOOST_TEST(removal.readThrough("}") == std::string(R"({"mappingid":")") + kId + "\"}");
        PlayedApi::answer(std::move(removal), std::string(R"({"id":")") + kId + "\"}");
        BOOST_TEST(expose.process().waitForExit() == 0, expose.log());
    }

    bool has(const std::string& text) const { return expose.log().find(text) != std::string::npos; }

    void checkWarning(const std::string& why) const {
        for (const auto& text :
             {why + api.url(), std::string(", and a mapping may be open; \"expose "),
              std::string(":127.0.0.1:8080\" is its label"), std::string("iofog-connector mapping remove")})
            BOOST_TEST(has(text), expose.log());
    }

    PlayedApi api;
    ExposeProgram expose{{"8080", "--server=" + api.url()}, {}};
    std::optional<PipeClient> add;
};

} // namespace

BOOST_AUTO_TEST_SUITE(ExposeSignals)

BOOST_AUTO_TEST_CASE(AnAnswerThatDoesNotComeIsGivenUp) {
    Asking asking;
    asking.end(SIGINT);
    BOOST_TEST(asking.expose.process().waitForExit() == kUnavailable);
    asking.checkWarning(kNoAnswer);
}

BOOST_AUTO_TEST_CASE(TheSecondSignalEndsTheWaitingForAnAnswer) {
    Asking asking;
    asking.end(SIGINT);
    BOOST_TEST(asking.expose.process().stop(SIGTERM) == kUnavailable);
    asking.checkWarning(kNoAnswer);
}

BOOST_AUTO_TEST_CASE(AConnectionThatBreaksMayHaveOpenedAMapping) {
    Asking asking;
    asking.add.reset();
    BOOST_TEST(asking.expose.process().waitForExit() == kUnavailable);
    asking.checkWarning("no Connector answers at ");
}

BOOST_AUTO_TEST_CASE(AMappingThatComesAfterTheSignalIsRemoved) {
    Asking asking;
    asking.end(SIGTERM);
    asking.answer();
    asking.tell(asking.look());
    asking.checkRemoval();
    BOOST_TEST(asking.expose.output() == "");
}

BOOST_AUTO_TEST_CASE(ASignalIsHeardWhileTheApiIsAskedForTheMapping) {
    Asking asking;
    asking.answer();
    auto looked = asking.look();
    asking.end(SIGINT);
    asking.tell(std::move(looked));
    asking.tell(asking.look());
    asking.checkRemoval();
    BOOST_TEST(asking.expose.output() == "");
}

BOOST_AUTO_TEST_CASE(TheSecondSignalEndsTheQuestionForTheMapping) {
    Asking asking;
    asking.answer();
    const auto looked = asking.look();
    asking.end(SIGINT);
    BOOST_TEST(asking.expose.process().stop(SIGINT) == kUnavailable);
    BOOST_TEST(asking.has(std::string("mapping ") + kId + " is still open"), asking.expose.log());
}

BOOST_AUTO_TEST_CASE(ASignalEndsTheWaitingForTheRemoval) {
    Asking asking;
    asking.end(SIGTERM);
    asking.answer();
    const auto removal = asking.look();
    BOOST_TEST(asking.expose.process().stop(SIGINT) == kUnavailable);
    BOOST_TEST(asking.has(std::string("mapping ") + kId + " is still open: the API at " + asking.api.url() +
                          " has not answered"),
               asking.expose.log());
    BOOST_TEST(asking.has(std::string("iofog-connector mapping remove ") + kId), asking.expose.log());
}

/// The kernel accepts connections for it, and nothing shakes hands.
BOOST_DATA_TEST_CASE(AServerThatStandsStillIsNotWaitedFor, kModes, mode) {
    ConnectorSetup setup(mode);
    ConnectorProcess connector(withOperator(setup));
    const TestTarget target;
    ExposeProgram expose(setup, std::to_string(target.port()));
    expose.waitForOutput("\n");
    const auto mapping = jsonOf(setup, {"mapping", "list"})->getArray("mappings")->getObject(0);
    connector.process().freeze();
    waitUntil("it ends", [&] {
        expose.process().signal(SIGINT);
        return !expose.process().isRunning();
    });
    connector.process().signal(SIGCONT);
    BOOST_TEST(expose.process().waitForExit() == kUnavailable);
    BOOST_TEST(expose.log().find("mapping " + mapping->getValue<std::string>("id") + " is still open") !=
                   std::string::npos,
               expose.log());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
