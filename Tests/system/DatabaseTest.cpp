#include "Commands.h"
#include "OpenPipe.h"
#include "Skipping.h"

#include <Poco/Data/Session.h>
#include <Poco/File.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <set>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace connector::test {

namespace {

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

} // namespace

BOOST_AUTO_TEST_SUITE(Database)

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

/// A bit that has flipped in a passcode must not lock agents out in silence, or let others in.
BOOST_AUTO_TEST_CASE(DamagedRowIsNotServedAndNamed) {
    ConnectorSetup setup(Mode::Plain, 6);
    AddedMapping whole;
    AddedMapping damaged;
    {
        ConnectorProcess connector(setup);
        whole = connector.api().addPublic();
        damaged = connector.api().addPublic();
        BOOST_TEST(connector.stop() == 0);
    }
    auto content = readFile(setup.databaseFile());
    const auto at = content.find(damaged.passcode1);
    BOOST_REQUIRE(at != std::string::npos);
    content[at] = static_cast<char>(content[at] ^ 1);
    writeFile(setup.databaseFile(), content);
    BOOST_TEST(says(runCommand(setup, {"check"}), "mapping " + damaged.id + " is damaged"));
    {
        ConnectorProcess connector(setup);
        const auto& api = connector.api();
        connector.waitForLog("mapping " + damaged.id + " is damaged in the database");
        BOOST_TEST(api.listIds() == std::set<std::string>{whole.id});
        const auto agent = connector.agent(whole.port1, whole.passcode1);
        BOOST_TEST(refusesConnections(damaged.port1));
        BOOST_TEST(api.get("/api/v2/status").json()->getValue<int>("damaged") == 1);
        BOOST_TEST(api.tryChange(damaged.id, R"({"alpn":["h2"]})").isError(404));
        const auto another = api.addPublic();
        BOOST_TEST(api.tryAdd(publicMapping()).isError(507), "its ports are not given to others");
        api.remove(another.id);
        BOOST_TEST(connector.stop() == 0);
    }
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    BOOST_TEST(api.get("/api/v2/status").json()->getValue<int>("damaged") == 1, "the row stays as it was");
    const auto removal = runCommand(setup, {"mapping", "remove", damaged.id});
    BOOST_TEST(removal.exitCode == 0, shown(removal));
    BOOST_TEST(api.get("/api/v2/status").json()->getValue<int>("damaged") == 0);
    BOOST_TEST(api.get("/api/v2/status").json()->getValue<int>("availablePorts") == 4);
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
    for (const auto& path : {file + "/mappings.db", setup.folder().path("")}) {
        setup.set("database", path);
        const auto finished = run(setup.command());
        BOOST_TEST(finished.exitCode != 0, path << ": " << finished.output);
        BOOST_TEST(finished.exitCode < 128, path << ": " << finished.output);
        BOOST_TEST(finished.output.find(path) != std::string::npos, finished.output);
    }
}

BOOST_AUTO_TEST_CASE(MissingFolderIsMade) {
    ConnectorSetup setup;
    setup.set("database", setup.folder().path("missing/mappings.db"));
    const ConnectorProcess connector(setup);
    connector.api().addPublic();
}

BOOST_AUTO_TEST_CASE(ReadOnlyDatabaseIsRefused) {
    ConnectorSetup setup;
    const SmallDisk disk(setup.folder());
    if (!disk.isMounted()) return skipTest("no right to mount a file system");
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
    if (!disk.isMounted()) return skipTest("no right to mount a file system");
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
        connector.waitForLog("the disk is full: ");
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

BOOST_DATA_TEST_CASE(FullDiskAtTheStartServesWhatThereIs, boost::unit_test::data::make({SIGTERM, SIGKILL}),
                     end) {
    ConnectorSetup setup;
    const SmallDisk disk(setup.folder());
    if (!disk.isMounted()) return skipTest("no right to mount a file system");
    setup.set("database", disk.path("mappings.db"));
    AddedMapping mapping;
    {
        ConnectorProcess connector(setup);
        mapping = connector.api().addPublic();
        connector.stop(end);
    }
    disk.fill();
    ConnectorProcess connector(setup);
    const auto& api = connector.api();
    const auto state = [&] { return api.get("/api/v2/status").json()->getValue<std::string>("database"); };
    waitUntil("it is known that the disk is full", [&] { return state() == "full"; });
    BOOST_TEST(api.listIds() == std::set<std::string>{mapping.id});
    auto agent = connector.agent(mapping.port1, mapping.passcode1);
    auto visitor = connector.connect(mapping.port2);
    BOOST_TEST(areJoined(visitor, agent));
    for (int number = 0; number < 3; ++number) {
        BOOST_TEST(api.tryAdd(publicMapping()).isError(507));
        BOOST_TEST(api.tryRemove(mapping.id).isError(507));
    }
    const auto log = connector.log();
    const std::string told = "the database can't be written";
    BOOST_TEST(log.find(told) != std::string::npos);
    BOOST_TEST(log.find(told) == log.rfind(told), "told once");
    disk.empty();
    waitUntil("it is noticed that there is room", [&] { return state() == "ok"; });
    const auto second = api.addPublic();
    api.remove(mapping.id);
    connector.kill();
    const ConnectorProcess restarted(setup);
    BOOST_TEST(restarted.api().listIds() == std::set<std::string>{second.id});
}

BOOST_AUTO_TEST_CASE(NewDatabaseOnAFullDiskIsAnError) {
    ConnectorSetup setup;
    const SmallDisk disk(setup.folder());
    if (!disk.isMounted()) return skipTest("no right to mount a file system");
    setup.set("database", disk.path("mappings.db"));
    disk.fill();
    const auto finished = run(setup.command());
    BOOST_TEST(finished.exitCode == 74, finished.output);
    BOOST_TEST(finished.output.find("full") != std::string::npos, finished.output);
}

BOOST_AUTO_TEST_CASE(LastUseThatCantBeWrittenIsToldOnceAndTriedAgain) {
    ConnectorSetup setup(Mode::Plain, 200);
    const SmallDisk disk(setup.folder());
    if (!disk.isMounted()) return skipTest("no right to mount a file system");
    setup.set("database", disk.path("mappings.db")).set("limits.last-use", 5);
    ConnectorProcess connector(setup);
    std::vector<AddedMapping> added{connector.api().addPublic()};
    disk.fill();
    addUntilFull(connector.api(), added);
    const std::string failure = "when mappings were last in use can't be written";
    const auto agent = connector.agent(added[0].port1, added[0].passcode1);
    connector.waitForLog(failure);
    connector.waitForLog("disk is full");
    disk.empty();
    connector.waitForLog("when mappings were last in use is written again");
    const auto log = connector.log();
    BOOST_TEST(log.find(failure) == log.rfind(failure), "told once");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
