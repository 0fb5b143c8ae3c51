#include "StalledDisk.h"
#include "OpenPipe.h"

#include <Poco/Data/Session.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <future>
#include <vector>

namespace connector::test {

namespace {

using Poco::Data::Keywords::now;

constexpr int kThreads = 4;
/// Half of the threads: the default.
constexpr int kWaiting = 2;
/// More than there are threads.
constexpr int kWrites = 20;
constexpr int kBriefly = 100;
const std::string kOtherProtocols = R"({"alpn":["h2"]})";

using Request = std::function<ApiAnswer(const ApiClient&)>;

std::string stateOf(const ApiClient& api) {
    return api.get("/api/v2/status").json()->getValue<std::string>("database");
}

int freePorts(const ApiClient& api) {
    return api.get("/api/v2/status").json()->getValue<int>("availablePorts");
}

void waitForState(const ApiClient& api, const std::string& state) {
    waitUntil("the database is " + state, [&] { return stateOf(api) == state; });
}

std::size_t countIn(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

std::future<ApiAnswer> start(const ConnectorProcess& connector, const Request& request) {
    return std::async(std::launch::async, [request, api = connector.api()] { return request(api); });
}

ApiAnswer add(const ApiClient& api) {
    return api.tryAdd(publicMapping());
}

/// With a reason, and a time to come again.
bool isRefusedForNow(const ApiAnswer& answer, const std::string& reason) {
    return answer.isError(503) && answer.headers.get("Retry-After", "") != "" &&
           answer.field("errormessage").find(reason) != std::string::npos;
}

/// Another program that has SQLite's lock for as long as it lives.
class Lock {
  public:
    explicit Lock(const ConnectorSetup& setup) : _session("SQLite", setup.databaseFile()) {
        _session << "BEGIN EXCLUSIVE", now;
    }
    ~Lock() { _session << "ROLLBACK", now; }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    Poco::Data::Session _session;
};

/// Few threads, and all that is bounded in time ends soon.
struct Setup : ConnectorSetup {
    Setup() { set("limits.api-threads", kThreads).set("limits.database-grace", kBriefly); }
    StalledDisk disk{*this};
};

struct Fixture {
    Setup setup;
};

/// The requests that have not been answered yet.
auto countOpen(const std::vector<std::future<ApiAnswer>>& requests) {
    return std::count_if(requests.begin(), requests.end(), [](const auto& request) {
        return request.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
    });
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(StalledDisks, Fixture)

BOOST_AUTO_TEST_CASE(WritesThatWaitLeaveThreadsForAllElse) {
    setup.set("limits.database-wait", 60000);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto mapping = api.addPublic();
    setup.disk.stall();
    std::vector<std::future<ApiAnswer>> adds;
    for (int number = 0; number < kWrites; ++number)
        adds.push_back(start(connector, add));
    waitUntil("only as many wait as may", [&] { return countOpen(adds) == kWaiting; });
    for (int round = 0; round < 20; ++round) {
        BOOST_TEST(api.get("/health").status == 200);
        BOOST_TEST(stateOf(api) == "stalled");
        BOOST_TEST(api.listIds() == std::set<std::string>{mapping.id});
        BOOST_TEST(api.show(mapping.id)->getValue<std::string>("state") == "open");
        BOOST_TEST(isRefusedForNow(add(api), "does not answer"));
    }
    BOOST_TEST(countOpen(adds) == kWaiting);
    setup.disk.goOn();
    int added = 0;
    for (auto& one : adds) {
        const auto answer = one.get();
        BOOST_TEST((answer.status == 200 || isRefusedForNow(answer, "does not answer")), answer);
        added += answer.status == 200 ? 1 : 0;
    }
    waitForState(api, "ok");
    connector.waitForLog("the database can be written again");
    BOOST_TEST(countIn(connector.log(), "the disk of the database does not answer") == 1U, "told once");
    waitUntil("what was refused has left nothing", [&] { return freePorts(api) == 100 - 2 - 2 * added; });
    BOOST_TEST(api.listIds().size() == static_cast<std::size_t>(1 + added));
}

BOOST_AUTO_TEST_CASE(AddThatIsCommittedTooLateIsRemovedAgain) {
    setup.set("limits.database-wait", kBriefly);
    {
        ConnectorProcess connector(setup);
        const auto& api = connector.api();
        waitForState(api, "ok");
        const auto before = freePorts(api);
        setup.disk.stall();
        BOOST_TEST(isRefusedForNow(add(api), "no mapping was opened"));
        setup.disk.waitForVictim();
        BOOST_TEST(freePorts(api) == before - 2, "nobody else gets its ports while its row may be there");
        setup.disk.goOn();
        connector.waitForLog("may have been written; it is removed again");
        waitUntil("its ports are back", [&] { return freePorts(api) == before; });
        BOOST_TEST(api.listIds().empty());
        connector.kill();
    }
    const ConnectorProcess restarted(setup);
    BOOST_TEST(restarted.api().listIds().empty());
}

BOOST_AUTO_TEST_CASE(RemovalThatIsCommittedTooLateIsMade) {
    setup.set("limits.database-wait", kBriefly);
    {
        ConnectorProcess connector(setup);
        const auto& api = connector.api();
        const auto mapping = api.addPublic();
        auto agent = connector.agent(mapping.port1, mapping.passcode1);
        auto visitor = connector.connect(mapping.port2);
        BOOST_TEST(areJoined(visitor, agent));
        setup.disk.stall();
        BOOST_TEST(isRefusedForNow(api.tryRemove(mapping.id), "is removed as soon as it does"));
        BOOST_TEST(isRefusedForNow(api.tryRemove(mapping.id), "nothing was changed"));
        BOOST_TEST(areJoined(visitor, agent), "it serves as long as its row is there");
        setup.disk.goOn();
        waitUntil("it is removed", [&] { return api.listIds().empty(); });
        BOOST_TEST(visitor.readToEnd() == "");
        BOOST_TEST(api.tryRemove(mapping.id).isError(404));
        waitUntil("its ports are back", [&] { return freePorts(api) == 100; });
        connector.kill();
    }
    const ConnectorProcess restarted(setup);
    BOOST_TEST(restarted.api().listIds().empty());
}

BOOST_AUTO_TEST_CASE(ChangeThatIsCommittedTooLateIsMade) {
    setup.set("limits.database-wait", kBriefly);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto mapping = api.addPublic();
    const auto protocols = [&] { return api.show(mapping.id)->getArray("alpn")->size(); };
    setup.disk.stall();
    BOOST_TEST(isRefusedForNow(api.tryChange(mapping.id, kOtherProtocols), "is changed as soon as it does"));
    BOOST_TEST(protocols() == 0U);
    setup.disk.goOn();
    waitUntil("it is changed", [&] { return protocols() == 1U; });
}

BOOST_AUTO_TEST_CASE(WriteThatHasNotBegunWhenItsTimeIsOverIsNeverMade) {
    setup.set("limits.database-wait", kBriefly);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto first = api.addPublic();
    const auto second = api.addPublic();
    setup.disk.stall();
    BOOST_TEST(isRefusedForNow(api.tryRemove(first.id), "is removed as soon as it does"));
    BOOST_TEST(isRefusedForNow(api.tryRemove(second.id), "nothing was changed"));
    setup.disk.goOn();
    waitUntil("the first one is removed", [&] { return !api.listIds().contains(first.id); });
    api.addPublic(); // behind all that was queued
    BOOST_TEST(api.listIds().contains(second.id));
}

BOOST_AUTO_TEST_CASE(StopDoesNotWaitForTheDisk) {
    ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.connect(mapping.port2);
    BOOST_TEST(areJoined(visitor, agent));
    setup.disk.stall();
    auto waiting = start(connector, add);
    setup.disk.waitForVictim();
    connector.process().signal(SIGTERM);
    BOOST_TEST(isRefusedForNow(waiting.get(), "does not answer"));
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(agent.readToEnd() == "");
    BOOST_TEST(connector.process().waitForExit() == 74);
    connector.stop();
    BOOST_TEST(
        connector.log().find("the disk of the database does not answer: ended without waiting for it") !=
        std::string::npos);
}

BOOST_AUTO_TEST_CASE(StopDoesNotWaitForAStartThatWaitsForTheDisk) {
    setup.disk.stall();
    ChildProcess starting(setup.command());
    setup.disk.waitForVictim();
    BOOST_TEST(starting.stop(SIGTERM) == 74);
    BOOST_TEST(readFile(setup.logFile()).find("the start waits for the disk of the database") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(LockOfAnotherProgramIsTold) {
    setup.set("limits.database-busy", kBriefly);
    ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto mapping = api.addPublic();
    {
        const Lock lock(setup);
        for (int round = 0; round < 3; ++round) {
            BOOST_TEST(isRefusedForNow(add(api), "locked by another program"));
            BOOST_TEST(isRefusedForNow(api.tryRemove(mapping.id), "locked by another program"));
            BOOST_TEST(
                isRefusedForNow(api.tryChange(mapping.id, kOtherProtocols), "locked by another program"));
        }
        BOOST_TEST(stateOf(api) == "locked");
        BOOST_TEST(freePorts(api) == 100 - 2);
        BOOST_TEST(api.listIds() == std::set<std::string>{mapping.id});
    }
    waitForState(api, "ok");
    BOOST_TEST(countIn(connector.log(), "the database can't be written") == 1U, "told once");
    connector.waitForLog("the database can be written again");
    api.remove(mapping.id);
}

BOOST_AUTO_TEST_CASE(StopDoesNotWaitForALock) {
    setup.set("limits.database-busy", 2 * 60 * 1000);
    ConnectorProcess connector(setup);
    const auto mapping = connector.api().addPublic();
    const auto agent = connector.agent(mapping.port1, mapping.passcode1); // its last use is to be written
    const Lock lock(setup);
    auto waiting = start(connector, add);
    waitForState(connector.api(), "stalled");
    BOOST_TEST(connector.stop() == 0);
    BOOST_TEST(waiting.get().isError(503));
}

BOOST_AUTO_TEST_CASE(LockAtTheStartIsAnError) {
    setup.set("limits.database-busy", kBriefly);
    {
        ConnectorProcess connector(setup);
        connector.api().addPublic();
        BOOST_TEST(connector.stop() == 0);
    }
    Poco::Data::Session other("SQLite", setup.databaseFile());
    other << "PRAGMA journal_mode = DELETE", now;
    other << "BEGIN EXCLUSIVE", now;
    const auto finished = run(setup.command());
    BOOST_TEST(finished.exitCode == 74, finished.output);
    BOOST_TEST(finished.output.find("locked by another program") != std::string::npos, finished.output);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
