#include "OpenPipe.h"

#include <Poco/Data/Session.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <future>
#include <map>
#include <vector>

namespace connector::test {

namespace {

using Poco::Data::Keywords::now;

constexpr int kClients = 5;
const std::string kOtherProtocols = R"({"alpn":["h2"]})";

/// Another program's hands on the database.
class Database {
  public:
    explicit Database(const ConnectorSetup& setup) : _session("SQLite", setup.databaseFile()) {}
    void execute(const std::string& statement) { _session << statement, now; }

  private:
    Poco::Data::Session _session;
};

/// For as long as it lives nothing can be committed, as on a disk that hangs: whoever tries waits.
class Stall {
  public:
    explicit Stall(const ConnectorSetup& setup) : _database(setup) { _database.execute("BEGIN IMMEDIATE"); }
    ~Stall() { _database.execute("ROLLBACK"); }
    Stall(const Stall&) = delete;
    Stall& operator=(const Stall&) = delete;

  private:
    Database _database;
};

/// Whoever waits for the database does so until the test lets him go on.
struct PatientSetup : ConnectorSetup {
    PatientSetup() {
        set("limits.database-busy", 60000)
            .set("limits.database-wait", 60000)
            .set("limits.database-waiting", 14);
    }
};

/// A Connector with a mapping that can't get on with the database.
struct Stalled {
    std::future<ApiAnswer> start(const std::function<ApiAnswer(const ApiClient&)>& request) {
        return std::async(std::launch::async, [request, api = connector.api()] { return request(api); });
    }
    std::future<ApiAnswer> startRemoval() {
        return start([id = mapping.id](const ApiClient& api) { return api.tryRemove(id); });
    }
    std::future<ApiAnswer> startChange() {
        return start([id = mapping.id](const ApiClient& api) { return api.tryChange(id, kOtherProtocols); });
    }
    int freePorts() const {
        return connector.api().get("/api/v2/status").json()->getValue<int>("availablePorts");
    }

    PatientSetup setup;
    ConnectorProcess connector{setup};
    AddedMapping mapping = connector.api().addPublic();
};

/// All that does not need the disk is answered, again and again, while the requests wait.
void requireResponsive(const Stalled& stalled, std::vector<std::future<ApiAnswer>>& waiting) {
    const auto& api = stalled.connector.api();
    for (int round = 0; round < 20; ++round) {
        BOOST_TEST(api.get("/api/v2/status").status == 200);
        BOOST_TEST(api.listIds() == std::set<std::string>{stalled.mapping.id});
        BOOST_TEST(api.show(stalled.mapping.id)->getValue<std::string>("state") == "open");
    }
    for (auto& request : waiting)
        BOOST_TEST((request.wait_for(std::chrono::seconds(0)) == std::future_status::timeout));
}

std::map<int, int> countByStatus(std::vector<std::future<ApiAnswer>>& requests) {
    std::map<int, int> counts;
    for (auto& request : requests)
        ++counts[request.get().status];
    return counts;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(StalledDatabase, Stalled)

BOOST_AUTO_TEST_CASE(RemovalThatWaitsLetsOthersGoOn) {
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.connect(mapping.port2);
    BOOST_TEST(areJoined(visitor, agent));
    std::vector<std::future<ApiAnswer>> waiting;
    {
        const Stall stall(setup);
        waiting.push_back(startRemoval());
        requireResponsive(*this, waiting);
        BOOST_TEST(areJoined(visitor, agent), "it serves as long as its row is there");
    }
    BOOST_TEST(waiting[0].get().status == 200);
    BOOST_TEST(connector.api().listIds().empty());
    BOOST_TEST(visitor.readToEnd() == "");
    BOOST_TEST(agent.readToEnd() == "");
    BOOST_TEST(refusesConnections(mapping.port1));
}

BOOST_AUTO_TEST_CASE(ChangeThatWaitsLetsOthersGoOn) {
    std::vector<std::future<ApiAnswer>> waiting;
    {
        const Stall stall(setup);
        waiting.push_back(startChange());
        requireResponsive(*this, waiting);
        BOOST_TEST(connector.api().show(mapping.id)->getArray("alpn")->size() == 0U, "not before it is sure");
    }
    BOOST_TEST(waiting[0].get().status == 200);
    BOOST_TEST(connector.api().show(mapping.id)->getArray("alpn")->size() == 1U);
}

BOOST_AUTO_TEST_CASE(OneOfManyRemovalsOfAMappingSucceeds) {
    const auto before = freePorts();
    std::vector<std::future<ApiAnswer>> removals;
    {
        const Stall stall(setup);
        for (int number = 0; number < kClients; ++number)
            removals.push_back(startRemoval());
        requireResponsive(*this, removals);
        BOOST_TEST(freePorts() == before, "its ports are not given back before its row is gone");
    }
    BOOST_TEST((countByStatus(removals) == std::map<int, int>{{200, 1}, {404, kClients - 1}}));
    BOOST_TEST(freePorts() == before + 2);
}

BOOST_AUTO_TEST_CASE(ChangesThatMeetARemovalBringNothingBack) {
    std::vector<std::future<ApiAnswer>> changes;
    std::future<ApiAnswer> removal;
    {
        const Stall stall(setup);
        for (int number = 0; number < kClients; ++number)
            changes.push_back(startChange());
        removal = startRemoval();
        for (int number = 0; number < kClients; ++number)
            changes.push_back(startChange());
        requireResponsive(*this, changes);
    }
    BOOST_TEST(removal.get().status == 200);
    for (auto& change : changes) {
        const auto status = change.get().status;
        BOOST_TEST((status == 200 || status == 404), status);
    }
    BOOST_TEST(connector.api().listIds().empty());
    connector.kill();
    const ConnectorProcess restarted(setup);
    BOOST_TEST(restarted.api().listIds().empty());
}

/// The last change that was answered with "ok" is the one that the database has.
BOOST_AUTO_TEST_CASE(ChangesThatMeetAreMadeOneAfterTheOther) {
    std::vector<std::future<ApiAnswer>> changes;
    {
        const Stall stall(setup);
        for (int number = 0; number < kClients; ++number)
            changes.push_back(start([id = mapping.id, number](const ApiClient& api) {
                return api.tryChange(id, R"({"alpn":["h)" + std::to_string(number) + R"("]})");
            }));
        requireResponsive(*this, changes);
    }
    BOOST_TEST((countByStatus(changes) == std::map<int, int>{{200, kClients}}));
    const auto shown = connector.api().show(mapping.id)->getArray("alpn")->getElement<std::string>(0);
    connector.kill();
    const ConnectorProcess restarted(setup);
    BOOST_TEST(restarted.api().show(mapping.id)->getArray("alpn")->getElement<std::string>(0) == shown);
}

BOOST_AUTO_TEST_CASE(RemovalThatFailsLeavesTheMappingServing) {
    const auto before = freePorts();
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.connect(mapping.port2);
    BOOST_TEST(areJoined(visitor, agent));
    Database(setup).execute(
        "CREATE TRIGGER refuse BEFORE DELETE ON mapping BEGIN SELECT RAISE(ABORT, 'no'); END");
    std::vector<std::future<ApiAnswer>> removals;
    for (int number = 0; number < kClients; ++number)
        removals.push_back(startRemoval());
    BOOST_TEST((countByStatus(removals) == std::map<int, int>{{500, kClients}}));
    BOOST_TEST(areJoined(visitor, agent));
    BOOST_TEST(freePorts() == before);
    Database(setup).execute("DROP TRIGGER refuse");
    connector.api().remove(mapping.id);
    BOOST_TEST(freePorts() == before + 2);
}

BOOST_AUTO_TEST_CASE(ChangeThatFailsLeavesTheMappingAsItWas) {
    Database(setup).execute(
        "CREATE TRIGGER refuse BEFORE UPDATE ON mapping BEGIN SELECT RAISE(ABORT, 'no'); END");
    BOOST_TEST(connector.api().tryChange(mapping.id, kOtherProtocols).isError(500));
    BOOST_TEST(connector.api().show(mapping.id)->getArray("alpn")->size() == 0U);
    Database(setup).execute("DROP TRIGGER refuse");
    BOOST_TEST(connector.api().tryChange(mapping.id, kOtherProtocols).status == 200);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
