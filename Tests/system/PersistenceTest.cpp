#include "OpenPipe.h"

#include <Poco/Data/Session.h>
#include <Poco/Net/ServerSocket.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace connector::test {

namespace {

constexpr int kControllers = 8;

std::set<std::uint16_t> portsOf(const std::vector<AddedMapping>& mappings) {
    std::set<std::uint16_t> ports;
    for (const auto& mapping : mappings)
        ports.insert({mapping.port1, mapping.port2});
    return ports;
}

/// What clients know to have happened, whatever became of the server.
class Acknowledged {
  public:
    void added(const AddedMapping& mapping) {
        const std::lock_guard lock(_mutex);
        _mappings[mapping.id] = mapping;
        ++_count;
    }
    /// From now on until removed() nobody knows whether it is there.
    void removing(const std::string& id) {
        const std::lock_guard lock(_mutex);
        _mappings.erase(id);
    }
    void removed(const std::string& id) {
        const std::lock_guard lock(_mutex);
        _removed.insert(id);
        ++_count;
    }
    int count() const {
        const std::lock_guard lock(_mutex);
        return _count;
    }

    const std::map<std::string, AddedMapping>& mappings() const { return _mappings; }
    const std::set<std::string>& removedIds() const { return _removed; }

  private:
    mutable std::mutex _mutex;
    std::map<std::string, AddedMapping> _mappings;
    std::set<std::string> _removed;
    int _count = 0;
};

/// One client: adds mappings and removes them again, all but one, until the server goes.
void addAndRemove(const ApiClient& api, Acknowledged& known) {
    constexpr int kKept = 5;
    try {
        for (int number = 0;; ++number) {
            const auto mapping = number % 2 == 0 ? api.addPublic() : api.addPrivate();
            known.added(mapping);
            if (number == kKept) continue;
            known.removing(mapping.id);
            api.remove(mapping.id);
            known.removed(mapping.id);
        }
    } catch (const std::exception&) { // the server is gone
    }
}

/// What stands in the database, by SQLite's own account.
std::string integrityOf(const std::string& file) {
    Poco::Data::Session session("SQLite", file);
    std::string verdict;
    session << "PRAGMA integrity_check", Poco::Data::Keywords::into(verdict), Poco::Data::Keywords::now;
    return verdict;
}

} // namespace

BOOST_AUTO_TEST_SUITE(Persistence)

BOOST_DATA_TEST_CASE(RestartKeepsIdsPortsAndPasscodes, kModes, mode) {
    const ConnectorSetup setup(mode);
    AddedMapping open;
    AddedMapping closed;
    std::string shownBefore;
    {
        ConnectorProcess connector(setup);
        open = connector.api().addPublic(7, 123456);
        closed = connector.api().addPrivate(3, 0);
        shownBefore = connector.api().get("/api/v2/mapping").text;
        BOOST_TEST(connector.stop() == 0);
    }
    const ConnectorProcess connector(setup);
    BOOST_TEST(connector.api().get("/api/v2/mapping").text == shownBefore);
    auto agent = connector.agent(open.port1, open.passcode1);
    auto visitor = connector.connect(open.port2);
    BOOST_TEST(areJoined(visitor, agent));
    auto agent1 = connector.agent(closed.port1, closed.passcode1);
    auto agent2 = connector.agent(closed.port2, closed.passcode2);
    BOOST_TEST(areJoined(agent1, agent2));
}

BOOST_AUTO_TEST_CASE(RemovedMappingsStayRemoved) {
    const ConnectorSetup setup;
    AddedMapping removed;
    {
        ConnectorProcess connector(setup);
        removed = connector.api().addPublic();
        connector.api().remove(removed.id);
        BOOST_TEST(connector.stop() == 0);
    }
    const ConnectorProcess connector(setup);
    BOOST_TEST(connector.api().listIds().empty());
    BOOST_TEST(refusesConnections(removed.port1));
}

BOOST_AUTO_TEST_CASE(AcknowledgedIsSafeFromKill) {
    const ConnectorSetup setup;
    std::vector<AddedMapping> added;
    for (int round = 0; round < 5; ++round) {
        ConnectorProcess connector(setup);
        added.push_back(connector.api().addPublic());
        connector.kill();
    }
    const ConnectorProcess connector(setup);
    BOOST_TEST(connector.api().listIds() == idsOf(added));
}

BOOST_AUTO_TEST_CASE(KillAmidAddsAndRemovesLosesNothingAcknowledged) {
    constexpr int kEnough = 200;
    const ConnectorSetup setup(Mode::Plain, 120);
    Acknowledged known;
    for (int round = 0; round < 3; ++round) {
        ConnectorProcess connector(setup);
        std::vector<std::future<void>> clients;
        for (int number = 0; number < kControllers; ++number)
            clients.push_back(std::async(std::launch::async, addAndRemove, connector.api(), std::ref(known)));
        const int before = known.count();
        waitUntil("the clients are busy", [&] { return known.count() >= before + kEnough; });
        connector.kill();
        for (auto& client : clients)
            client.get();
    }
    ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto ids = api.listIds();
    for (const auto& [id, mapping] : known.mappings()) {
        BOOST_TEST_REQUIRE(ids.contains(id), "acknowledged, and lost: " << id);
        BOOST_TEST(api.show(id)->getValue<int>("port1") == mapping.port1);
        BOOST_TEST(api.show(id)->getValue<int>("port2") == mapping.port2);
        const auto agent = connector.agent(mapping.port1, mapping.passcode1);
    }
    for (const auto& id : known.removedIds())
        BOOST_TEST(!ids.contains(id), "removed, and there again: " << id);
    BOOST_TEST(connector.stop() == 0);
    BOOST_TEST(integrityOf(setup.databaseFile()) == "ok");
}

/// No two mappings that exist at the same time share a port.
BOOST_AUTO_TEST_CASE(ConcurrentAddsNeverShareAPort) {
    const ConnectorSetup setup(Mode::Plain, 100);
    const ConnectorProcess connector(setup);
    std::vector<std::future<std::vector<AddedMapping>>> clients;
    for (int number = 0; number < kControllers; ++number)
        clients.push_back(std::async(std::launch::async, [api = connector.api()] {
            std::vector<AddedMapping> own;
            for (;;) {
                const auto answer = api.tryAdd(publicMapping());
                if (answer.status != 200) return own;
                own.push_back(parseAdded(answer));
            }
        }));
    std::vector<AddedMapping> all;
    for (auto& client : clients) {
        const auto own = client.get();
        all.insert(all.end(), own.begin(), own.end());
    }
    BOOST_TEST(all.size() == 50);
    BOOST_TEST(portsOf(all).size() == 2 * all.size());
}

/// With half as many ports as the clients want, each port changes hands all the time.
BOOST_AUTO_TEST_CASE(ConcurrentAddsAndRemovesNeverShareAPort) {
    const ConnectorSetup setup(Mode::Plain, 12);
    const ConnectorProcess connector(setup);
    std::array<std::atomic<bool>, 12> taken{};
    std::atomic<bool> shared = false;
    std::atomic<int> given = 0;
    const auto slot = [&](std::uint16_t port) -> std::atomic<bool>& {
        return taken.at(static_cast<std::size_t>(port - setup.firstMappingPort()));
    };
    std::vector<std::future<void>> clients;
    for (int number = 0; number < kControllers; ++number)
        clients.push_back(std::async(std::launch::async, [&, api = connector.api()] {
            for (int round = 0; round < 50; ++round) {
                const auto answer = api.tryAdd(publicMapping());
                if (answer.status != 200) continue;
                const auto mapping = parseAdded(answer);
                ++given;
                if (slot(mapping.port1).exchange(true) || slot(mapping.port2).exchange(true)) shared = true;
                slot(mapping.port1) = false;
                slot(mapping.port2) = false;
                api.remove(mapping.id);
            }
        }));
    for (auto& client : clients)
        client.get();
    BOOST_TEST(!shared);
    BOOST_TEST(given > 0);
    BOOST_TEST(connector.api().listIds().empty());
    BOOST_TEST(connector.api().get("/api/v2/status").json()->getValue<int>("availablePorts") == 12);
}

BOOST_AUTO_TEST_CASE(PortsGivenBackAreReusedLast) {
    const ConnectorSetup setup(Mode::Plain, 8);
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto first = api.addPublic();
    const auto second = api.addPublic();
    api.remove(second.id);
    api.remove(first.id);
    const auto fresh = portsOf({api.addPublic(), api.addPublic()});
    for (const auto port : portsOf({first, second}))
        BOOST_TEST(!fresh.contains(port));
    BOOST_TEST((portsOf({api.addPublic()}) == portsOf({second})), "the ports given back first");
    BOOST_TEST((portsOf({api.addPublic()}) == portsOf({first})));
}

BOOST_AUTO_TEST_CASE(PortsGivenBackAreReusedLastAfterARestart) {
    const ConnectorSetup setup(Mode::Plain, 8);
    AddedMapping first;
    AddedMapping second;
    {
        ConnectorProcess connector(setup);
        first = connector.api().addPublic();
        second = connector.api().addPublic();
        connector.api().remove(second.id);
        connector.api().remove(first.id);
        connector.kill();
    }
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto fresh = portsOf({api.addPublic(), api.addPublic()});
    for (const auto port : portsOf({first, second}))
        BOOST_TEST(!fresh.contains(port));
    BOOST_TEST((portsOf({api.addPublic()}) == portsOf({second})));
    BOOST_TEST((portsOf({api.addPublic()}) == portsOf({first})));
}

BOOST_DATA_TEST_CASE(PortThatSomethingElseHoldsIsRetried, kModes, mode) {
    ConnectorSetup setup(mode);
    setup.set("limits.retry-ports", 50);
    const auto mapping = addedBeforeStop(setup);
    std::optional<Poco::Net::ServerSocket> holder;
    holder.emplace(Poco::Net::SocketAddress("127.0.0.1", mapping.port2));
    const ConnectorProcess connector(setup);
    const auto state = [&] { return connector.api().show(mapping.id)->getValue<std::string>("state"); };
    BOOST_TEST(state() == "degraded");
    auto agent = connector.agent(mapping.port1, mapping.passcode1); // what could be opened works
    holder.reset();
    waitUntil("the mapping is open", [&] { return state() == "open"; });
    auto visitor = connector.connect(mapping.port2);
    BOOST_TEST(areJoined(visitor, agent));
}

BOOST_AUTO_TEST_CASE(DegradedMappingCanBeRemoved) {
    const ConnectorSetup setup;
    const auto mapping = addedBeforeStop(setup);
    const Poco::Net::ServerSocket holder(Poco::Net::SocketAddress("127.0.0.1", mapping.port1));
    const ConnectorProcess connector(setup);
    connector.api().remove(mapping.id);
    BOOST_TEST(connector.api().listIds().empty());
}

/// Ports that the configuration no longer names: the mapping keeps them as long as it lives.
BOOST_AUTO_TEST_CASE(MappingOutsideTheConfiguredPortsIsKept) {
    ConnectorSetup setup(Mode::Plain, 4);
    const auto mapping = addedBeforeStop(setup);
    const auto next = setup.firstMappingPort() + 4;
    setup.setJson("ports", "[\"" + std::to_string(next) + "-" + std::to_string(next + 1) + "\"]");
    const ConnectorProcess connector(setup);
    const auto agent = connector.agent(mapping.port1, mapping.passcode1);
    connector.api().remove(mapping.id);
    connector.api().addPublic();
    BOOST_TEST(connector.api().tryAdd(publicMapping()).isError(507));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
