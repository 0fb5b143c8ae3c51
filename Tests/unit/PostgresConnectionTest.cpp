#include "MappingStores.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/StringTokenizer.h>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>
#include <future>
#include <sys/stat.h>

namespace connector::test {

namespace {

/// A socket that is connected to, and never answers.
struct Silent {
    Poco::Net::ServerSocket socket{Poco::Net::SocketAddress("127.0.0.1", 0)};
    std::string port = std::to_string(socket.address().port());
};

/// While it lives, the server's processes that serve stores of the database are stopped.
class Frozen {
  public:
    explicit Frozen(const PostgresKind& kind)
        : _pids(Poco::StringTokenizer(
              PostgresKind::server().ask("postgres", "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity"
                                                     " WHERE datname = '" +
                                                         kind.database + "'"),
              " ")) {
        signal(SIGSTOP);
    }
    ~Frozen() { signal(SIGCONT); }

  private:
    void signal(int number) const {
        for (const auto& pid : _pids)
            ::kill(std::stoi(pid), number);
    }

    Poco::StringTokenizer _pids;
};

} // namespace

BOOST_AUTO_TEST_SUITE(PostgresConnections, *boost::unit_test::precondition(mayRunPostgres))

BOOST_FIXTURE_TEST_CASE(a_server_that_is_not_there_is_told_and_then_found_again, PostgresKind) {
    auto store = open();
    server().stop();
    BOOST_CHECK_THROW(tryToWrite(store), StorageUnreachable);
    BOOST_CHECK_THROW(store.listen(), StorageUnreachable);
    server().start();
    tryToWrite(store);
    server().stop();
    for (int i = 0; i < 3; ++i)
        BOOST_CHECK_THROW(store.load(), StorageUnreachable);
    server().start();
    BOOST_TEST(store.load().mappings.empty());
}

BOOST_FIXTURE_TEST_CASE(who_may_not_log_in_is_told_so_without_the_password, PostgresKind) {
    const Folder folder;
    auto wrong = location();
    wrong.passwordFile = folder.write("password", "wr0ng\n");
    auto store = MappingStore::openShared(wrong, kDatabaseBusy, MappingStore::Tables::Make);
    const auto failure = failureOf([&] { store.load(); });
    BOOST_TEST(has(failure, "password authentication failed"), failure);
    BOOST_TEST(!has(failure, "wr0ng"));
    folder.write("password", std::string(PostgresServer::kPassword) + "\n");
    BOOST_TEST(store.load().mappings.empty(), "the file is read again");
    wrong.passwordFile = folder.path("none");
    auto none = MappingStore::openShared(wrong, kDatabaseBusy, MappingStore::Tables::Make);
    BOOST_CHECK_THROW(none.load(), StorageUnreachable);
}

BOOST_FIXTURE_TEST_CASE(without_a_password_file_libpq_looks_for_a_password, PostgresKind) {
    auto without = location();
    without.passwordFile.clear();
    auto store = MappingStore::openShared(without, kDatabaseBusy, MappingStore::Tables::Make);
    BOOST_TEST(has(failureOf([&] { store.load(); }), "no password supplied"));
    std::string escaped;
    for (const char each : std::string(PostgresServer::kPassword))
        escaped += each == '\\' ? "\\\\" : std::string(1, each);
    const Folder folder;
    const auto file = folder.write("pgpass", "*:*:*:*:" + escaped + "\n");
    BOOST_REQUIRE(::chmod(file.c_str(), S_IRUSR) == 0);
    ::setenv("PGPASSFILE", file.c_str(), 1);
    BOOST_TEST(store.load().mappings.empty());
    ::unsetenv("PGPASSFILE");
}

BOOST_FIXTURE_TEST_CASE(addresses_are_as_libpq_takes_them, PostgresKind) {
    auto several = location("target_session_attrs=read-write&application_name=one%26two");
    const auto port = std::to_string(server().port());
    several.uri.replace(several.uri.find("127.0.0.1:"), 10, "127.0.0.1:1,127.0.0.1:");
    auto store = MappingStore::openShared(several, kDatabaseBusy, MappingStore::Tables::Make);
    BOOST_TEST(store.load().mappings.empty());
    BOOST_TEST(server().ask("postgres",
                            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'one&two'") ==
               "1");
}

BOOST_FIXTURE_TEST_CASE(an_address_that_does_not_answer_does_not_keep_from_the_next_one, PostgresKind) {
    const Silent silent;
    auto several = location();
    several.uri.replace(several.uri.find("127.0.0.1:"), 10, "127.0.0.1:" + silent.port + ",127.0.0.1:");
    auto store = MappingStore::openShared(several, kDatabaseBusy, MappingStore::Tables::Make);
    tryToWrite(store);
}

BOOST_FIXTURE_TEST_CASE(an_interruption_ends_connecting, PostgresKind) {
    Silent silent;
    DatabaseLocation location;
    location.uri = "postgresql://somebody@127.0.0.1:" + silent.port + "/db?connect_timeout=3600";
    auto store = MappingStore::openShared(location, kDatabaseBusy, MappingStore::Tables::Make);
    auto connecting = std::async(std::launch::async, [&] { store.load(); });
    const auto connection = silent.socket.acceptConnection();
    store.interrupt();
    BOOST_CHECK_THROW(connecting.get(), StorageError);
}

BOOST_FIXTURE_TEST_CASE(addresses_that_are_none_are_refused_at_once, PostgresKind) {
    const auto refusalOf = [](const std::string& uri) {
        DatabaseLocation location;
        location.uri = uri;
        return failureOf(
            [&] { MappingStore::openShared(location, kDatabaseBusy, MappingStore::Tables::Make); });
    };
    BOOST_TEST(has(refusalOf("postgresql://host/db?no-such=1"), "no-such"));
    BOOST_TEST(has(refusalOf("postgresql://host/db?application_name=a%20b"), "must have no blank"));
    BOOST_TEST(refusalOf("postgresql://host/db").empty());
}

/// Its kernel still acknowledges what is sent to it.
BOOST_FIXTURE_TEST_CASE(a_server_that_is_frozen_is_noticed, TwoStores) {
    tryToWrite(first);
    second.load();
    MappingStore::Transaction transaction(first);
    BOOST_TEST(!transaction.apply([](MappingStore& inner) { inner.insert(mappingWith("a", 1)); }));
    const Frozen frozen(*this);
    auto reading = std::async(std::launch::async, [&] { second.load(); });
    BOOST_CHECK_THROW(transaction.commit(), StorageUncertain);
    BOOST_CHECK_THROW(reading.get(), StorageUnreachable);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
