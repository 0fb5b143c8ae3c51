#include "OpenPipe.h"

#include <Poco/Data/Session.h>
#include <Poco/File.h>
#include <Poco/Net/ServerSocket.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <list>
#include <map>
#include <mutex>
#include <sys/mount.h>
#include <sys/stat.h>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

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

/// A start that must fail: clear words on stderr, and the file as it was.
void requireRefused(const ConnectorSetup& setup, const std::string& mentions) {
    const auto before = readFile(setup.databaseFile());
    const auto finished = run(setup.command());
    BOOST_TEST(finished.exitCode != 0, finished.output);
    BOOST_TEST(finished.exitCode < 128, "ended by a signal: " << finished.output);
    BOOST_TEST(finished.output.find(mentions) != std::string::npos, finished.output);
    BOOST_TEST((readFile(setup.databaseFile()) == before), "the file was changed");
}

/// A database as Connector leaves it behind, with one mapping.
void makeDatabase(const ConnectorSetup& setup) {
    ConnectorProcess connector(setup);
    connector.api().addPublic();
    BOOST_TEST(connector.stop() == 0);
}

/// A small file system of its own that can be filled. Needs root.
class SmallDisk {
  public:
    explicit SmallDisk(const Folder& folder) : _path(folder.path("disk")) {
        Poco::File(_path).createDirectory();
        _isMounted = ::mount("tmpfs", _path.c_str(), "tmpfs", 0, "size=1m") == 0;
    }
    ~SmallDisk() {
        if (_isMounted) ::umount2(_path.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    bool isMounted() const { return _isMounted; }
    std::string path(const std::string& name) const { return _path + "/" + name; }

    /// Writes until there is no byte left.
    void fill() const {
        const int descriptor = ::open(path("ballast").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        for (std::size_t size = 65536; size > 0; size /= 2) {
            const std::string block(size, 'x');
            while (::write(descriptor, block.data(), size) == static_cast<ssize_t>(size)) {
            }
        }
        ::close(descriptor);
    }
    void empty() const { Poco::File(path("ballast")).remove(); }

  private:
    std::string _path;
    bool _isMounted = false;
};

/// Adds mappings until the disk is full; there must be an error then that says so.
void addUntilFull(const ApiClient& api, std::vector<AddedMapping>& added) {
    for (;;) {
        const auto answer = api.tryAdd(publicMapping());
        if (answer.status != 200) {
            BOOST_TEST((answer.isError(507) || answer.isError(500)), answer);
            BOOST_TEST(answer.field("errormessage").find("full") != std::string::npos, answer);
            return;
        }
        added.push_back(parseAdded(answer));
    }
}

std::set<std::string> idsOf(const std::vector<AddedMapping>& mappings) {
    std::set<std::string> ids;
    for (const auto& mapping : mappings)
        ids.insert(mapping.id);
    return ids;
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
    AddedMapping mapping;
    {
        ConnectorProcess connector(setup);
        mapping = connector.api().addPublic();
        BOOST_TEST(connector.stop() == 0);
    }
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
    AddedMapping mapping;
    {
        ConnectorProcess connector(setup);
        mapping = connector.api().addPublic();
        BOOST_TEST(connector.stop() == 0);
    }
    const Poco::Net::ServerSocket holder(Poco::Net::SocketAddress("127.0.0.1", mapping.port1));
    const ConnectorProcess connector(setup);
    connector.api().remove(mapping.id);
    BOOST_TEST(connector.api().listIds().empty());
}

/// Ports that the configuration no longer names: the mapping keeps them as long as it lives.
BOOST_AUTO_TEST_CASE(MappingOutsideTheConfiguredPortsIsKept) {
    ConnectorSetup setup(Mode::Plain, 4);
    AddedMapping mapping;
    {
        ConnectorProcess connector(setup);
        mapping = connector.api().addPublic();
        BOOST_TEST(connector.stop() == 0);
    }
    const auto next = setup.firstMappingPort() + 4;
    setup.setJson("ports", "[\"" + std::to_string(next) + "-" + std::to_string(next + 1) + "\"]");
    const ConnectorProcess connector(setup);
    const auto agent = connector.agent(mapping.port1, mapping.passcode1);
    connector.api().remove(mapping.id);
    connector.api().addPublic();
    BOOST_TEST(connector.api().tryAdd(publicMapping()).isError(507));
}

BOOST_AUTO_TEST_CASE(DatabaseIsForItsOwnerOnly) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    connector.api().addPublic();
    for (const auto& file :
         {setup.databaseFile(), setup.databaseFile() + "-wal", setup.databaseFile() + "-shm"}) {
        struct stat info {};
        BOOST_TEST_REQUIRE(::stat(file.c_str(), &info) == 0, file);
        BOOST_TEST((info.st_mode & 0777U) == 0600U, file);
    }
}

BOOST_AUTO_TEST_CASE(DatabaseIsInTheFormThatIsPromised) {
    const ConnectorSetup setup;
    makeDatabase(setup);
    Poco::Data::Session session("SQLite", setup.databaseFile());
    std::string journal;
    int version = 0;
    session << "PRAGMA journal_mode", Poco::Data::Keywords::into(journal), Poco::Data::Keywords::now;
    session << "PRAGMA user_version", Poco::Data::Keywords::into(version), Poco::Data::Keywords::now;
    BOOST_TEST(journal == "wal");
    BOOST_TEST(version > 0);
}

BOOST_AUTO_TEST_CASE(FileThatIsNoDatabaseIsRefused) {
    const ConnectorSetup setup;
    for (const auto& content :
         {std::string("this is no database, but it is somebody's file\n"), std::string(8192, 'x')}) {
        writeFile(setup.databaseFile(), content);
        requireRefused(setup, setup.databaseFile());
    }
}

BOOST_AUTO_TEST_CASE(DamagedDatabaseIsRefused) {
    const ConnectorSetup setup;
    makeDatabase(setup);
    auto content = readFile(setup.databaseFile());
    for (std::size_t at = 100; at < content.size(); ++at)
        content[at] = static_cast<char>(at * 7);
    writeFile(setup.databaseFile(), content);
    requireRefused(setup, setup.databaseFile());
}

BOOST_AUTO_TEST_CASE(TruncatedDatabaseIsRefused) {
    const ConnectorSetup setup;
    makeDatabase(setup);
    const auto content = readFile(setup.databaseFile());
    writeFile(setup.databaseFile(), content.substr(0, content.size() / 2));
    requireRefused(setup, setup.databaseFile());
}

BOOST_AUTO_TEST_CASE(NewerDatabaseIsRefused) {
    const ConnectorSetup setup;
    makeDatabase(setup);
    {
        Poco::Data::Session session("SQLite", setup.databaseFile());
        session << "PRAGMA journal_mode=DELETE", Poco::Data::Keywords::now;
        session << "PRAGMA user_version=999", Poco::Data::Keywords::now;
    }
    requireRefused(setup, "999");
}

BOOST_AUTO_TEST_CASE(ForeignDatabaseIsRefused) {
    const ConnectorSetup setup;
    {
        Poco::Data::Session session("SQLite", setup.databaseFile());
        session << "CREATE TABLE recipes (name TEXT)", Poco::Data::Keywords::now;
    }
    requireRefused(setup, setup.databaseFile());
}

BOOST_AUTO_TEST_CASE(UnusablePathIsRefused) {
    ConnectorSetup setup;
    const auto file = setup.folder().write("file", "a file, not a folder");
    for (const auto& path :
         {file + "/mappings.db", setup.folder().path("missing/mappings.db"), setup.folder().path("")}) {
        setup.set("database", path);
        const auto finished = run(setup.command());
        BOOST_TEST(finished.exitCode != 0, path << ": " << finished.output);
        BOOST_TEST(finished.exitCode < 128, path << ": " << finished.output);
        BOOST_TEST(finished.output.find(path) != std::string::npos, finished.output);
    }
}

BOOST_AUTO_TEST_CASE(ReadOnlyDatabaseIsRefused) {
    ConnectorSetup setup;
    const SmallDisk disk(setup.folder());
    if (!disk.isMounted()) {
        BOOST_TEST_MESSAGE("skipped: no right to mount a file system");
        return;
    }
    setup.set("database", disk.path("mappings.db"));
    {
        ConnectorProcess connector(setup);
        connector.api().addPublic();
        BOOST_TEST(connector.stop() == 0);
    }
    BOOST_REQUIRE(::mount(nullptr, disk.path("").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    const auto finished = run(setup.command());
    BOOST_TEST(finished.exitCode != 0, finished.output);
    BOOST_TEST(finished.exitCode < 128, finished.output);
    BOOST_TEST(finished.output.find(disk.path("mappings.db")) != std::string::npos, finished.output);
}

BOOST_AUTO_TEST_CASE(SecondProcessOnTheSameDatabaseIsRefused) {
    ConnectorSetup setup;
    const ConnectorProcess running(setup);
    const auto mapping = running.api().addPublic();
    ConnectorSetup second;
    second.set("database", setup.databaseFile());
    const auto finished = run(second.command());
    BOOST_TEST(finished.exitCode != 0, finished.output);
    BOOST_TEST(finished.output.find(setup.databaseFile()) != std::string::npos, finished.output);
    BOOST_TEST(running.api().listIds() == std::set<std::string>{mapping.id});
    running.api().addPublic();
}

BOOST_AUTO_TEST_CASE(FullDiskLeavesNothingHalfDone) {
    ConnectorSetup setup(Mode::Plain, 120);
    const SmallDisk disk(setup.folder());
    if (!disk.isMounted()) {
        BOOST_TEST_MESSAGE("skipped: no right to mount a file system");
        return;
    }
    setup.set("database", disk.path("mappings.db"));
    std::vector<AddedMapping> added;
    {
        ConnectorProcess connector(setup);
        const auto& api = connector.api();
        const auto freePorts = [&] {
            return api.get("/api/v2/status").json()->getValue<int>("availablePorts");
        };
        added.push_back(api.addPublic());
        auto agent = connector.agent(added[0].port1, added[0].passcode1);
        auto visitor = connector.connect(added[0].port2);
        BOOST_TEST(areJoined(visitor, agent));
        disk.fill();
        addUntilFull(api, added);
        const auto left = freePorts();
        for (int number = 0; number < 5; ++number)
            addUntilFull(api, added);
        BOOST_TEST(freePorts() == left, "ports of failed adds are given back");
        BOOST_TEST(api.listIds() == idsOf(added));
        BOOST_TEST(areJoined(visitor, agent), "service goes on");
        const auto removal = api.tryRemove(added[0].id);
        if (removal.status == 200)
            added.erase(added.begin());
        else
            BOOST_TEST(areJoined(visitor, agent), "not removed, so nothing of it is closed: " << removal);
        BOOST_TEST(api.listIds() == idsOf(added));
        disk.empty();
        added.push_back(api.addPublic());
        connector.kill();
    }
    const ConnectorProcess connector(setup);
    BOOST_TEST(connector.api().listIds() == idsOf(added));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
