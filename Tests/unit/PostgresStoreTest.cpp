#include "MappingStores.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <future>
#include <thread>
#include <unistd.h>

namespace connector::test {

namespace {

constexpr std::chrono::seconds kLong{30};

std::vector<std::string> idsOf(const std::vector<MappingStore::Change>& changes) {
    std::vector<std::string> ids;
    for (const auto& change : changes)
        ids.push_back(change.id);
    return ids;
}

} // namespace

BOOST_AUTO_TEST_SUITE(PostgresStores, *boost::unit_test::precondition(mayRunPostgres))

BOOST_FIXTURE_TEST_CASE(what_one_store_writes_the_other_reads, TwoStores) {
    first.insertAll({mappingWith("a", 1)});
    BOOST_TEST(second.load().mappings.size() == 1U);
    inTransaction(second, [](MappingStore& inner) { inner.remove(mappingWith("a", 1)); });
    BOOST_TEST(first.load().mappings.empty());
}

BOOST_FIXTURE_TEST_CASE(one_of_two_that_race_for_a_port_gets_it, TwoStores) {
    constexpr int kRounds = 20;
    int taken = 0;
    const auto insertAll = [&](MappingStore& store, const std::string& name) {
        int failed = 0;
        for (int round = 0; round < kRounds; ++round)
            try {
                const auto port = static_cast<std::uint16_t>(1000 + 2 * round);
                store.insertAll({mappingWith(name + std::to_string(round), port)});
            } catch (const StoragePortTaken& error) {
                BOOST_TEST((error.port() == 1000 + 2 * round || error.port() == 1001 + 2 * round));
                ++failed;
            }
        return failed;
    };
    auto other = std::async(std::launch::async, [&] { return insertAll(second, "second"); });
    taken = insertAll(first, "first") + other.get();
    BOOST_TEST(taken == kRounds);
    BOOST_TEST(first.load().mappings.size() == std::size_t{kRounds});
}

BOOST_FIXTURE_TEST_CASE(one_of_two_that_race_for_a_name_gets_it, TwoStores) {
    constexpr int kRounds = 20;
    const auto insertAll = [&](MappingStore& store, std::uint16_t firstPort) {
        int failed = 0;
        for (int round = 0; round < kRounds; ++round)
            try {
                const auto port = static_cast<std::uint16_t>(firstPort + 2 * round);
                auto mapping = mappingWith(std::to_string(port), port);
                mapping.name = "web" + std::to_string(round);
                store.insertAll({mapping});
            } catch (const StorageNameTaken&) {
                ++failed;
            }
        return failed;
    };
    auto other = std::async(std::launch::async, [&] { return insertAll(second, 2000); });
    const int taken = insertAll(first, 1000) + other.get();
    BOOST_TEST(taken == kRounds);
    BOOST_TEST(first.load().mappings.size() == std::size_t{kRounds});
}

BOOST_FIXTURE_TEST_CASE(a_port_may_be_at_either_end, TwoStores) {
    first.insertAll({mappingWith("a", 1)});
    BOOST_CHECK_THROW(second.insertAll({mappingWith("b", 2)}), StoragePortTaken);
    BOOST_CHECK_THROW(second.insertAll({mappingWith("b", 0)}), StoragePortTaken);
    second.insertAll({mappingWith("b", 3)});
}

BOOST_FIXTURE_TEST_CASE(who_writes_keeps_the_others_waiting_but_not_for_ever, PostgresKind) {
    auto first = open();
    auto second = open(std::chrono::milliseconds(50));
    {
        MappingStore::Transaction transaction(first);
        BOOST_CHECK_THROW(MappingStore::Transaction late(second), StorageLocked);
        second.limitBusy(kLong);
        auto waiting = std::async(std::launch::async, [&] { tryToWrite(second); });
        first.insert(mappingWith("a", 1));
        transaction.commit();
        waiting.get();
    }
    BOOST_TEST(second.load().mappings.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(changes_are_told_in_their_order_and_last_uses_are_not, TwoStores) {
    first.listen();
    const auto before = first.changeNumber();
    auto labelled = mappingWith("a", 1);
    labelled.label = "new";
    second.insertAll({mappingWith("a", 1), mappingWith("b", 3)});
    inTransaction(second, [](MappingStore& inner) { inner.setLastUse({{"a", {.agent = 5, .visitor = 7}}}); });
    inTransaction(second, [&](MappingStore& inner) { inner.replace(mappingWith("a", 1), labelled); });
    inTransaction(second, [](MappingStore& inner) { inner.remove(mappingWith("b", 3)); });
    std::vector<MappingStore::Change> changes;
    while (changes.size() < 4)
        for (const auto& change : first.awaitChanges(kLong, -1))
            changes.push_back(change);
    BOOST_TEST(idsOf(changes) == (std::vector<std::string>{"a", "b", "a", "b"}),
               boost::test_tools::per_element());
    for (std::size_t i = 0; i < changes.size(); ++i)
        BOOST_TEST(changes[i].number == before + static_cast<Poco::Int64>(i) + 1);
    BOOST_TEST(first.changeNumber() == changes.back().number);
}

BOOST_FIXTURE_TEST_CASE(waiting_for_changes_ends_with_the_time_or_a_sign, TwoStores) {
    first.listen();
    BOOST_TEST(first.awaitChanges(std::chrono::milliseconds(1), -1).empty());
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe(ends.data()) == 0);
    BOOST_REQUIRE(::write(ends[1], "!", 1) == 1);
    BOOST_TEST(first.awaitChanges(std::chrono::hours(1), ends[0]).empty());
    ::close(ends[0]);
    ::close(ends[1]);
}

BOOST_FIXTURE_TEST_CASE(who_waits_for_changes_notices_that_the_connection_is_gone, TwoStores) {
    BOOST_CHECK_THROW(first.awaitChanges(kLong, -1), StorageUnreachable);
    first.listen();
    auto waiting = std::async(std::launch::async, [&] { return first.awaitChanges(kLong, -1); });
    disconnectAll();
    BOOST_CHECK_THROW(waiting.get(), StorageUnreachable);
    first.listen();
    second.insertAll({mappingWith("a", 1)});
    BOOST_TEST(first.awaitChanges(kLong, -1).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_connection_that_has_ended_between_two_transactions_is_replaced, TwoStores) {
    first.insertAll({mappingWith("a", 1)});
    server().restart();
    first.insertAll({mappingWith("b", 3)});
    server().restart();
    BOOST_TEST(first.load().mappings.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(one_that_ends_in_a_transaction_leaves_nothing_written, TwoStores) {
    first.listen();
    {
        MappingStore::Transaction transaction(first);
        first.insert(mappingWith("a", 1));
        disconnectAll();
        BOOST_CHECK_THROW(first.insert(mappingWith("b", 3)), StorageUnreachable);
        BOOST_CHECK_THROW(first.load(), StorageUnreachable);
        BOOST_CHECK_THROW(transaction.commit(), StorageUnreachable);
    }
    BOOST_TEST(first.load().mappings.empty());
}

BOOST_FIXTURE_TEST_CASE(in_apply_it_ends_the_whole_transaction, TwoStores) {
    tryToWrite(first);
    {
        MappingStore::Transaction transaction(first);
        BOOST_TEST(!transaction.apply([](MappingStore& inner) { inner.insert(mappingWith("a", 1)); }));
        disconnectAll();
        BOOST_CHECK_THROW(transaction.apply([](MappingStore& inner) { inner.insert(mappingWith("b", 3)); }),
                          StorageUnreachable);
    }
    BOOST_TEST(first.load().mappings.empty());
}

/// What the commit waits for ends the connection.
BOOST_FIXTURE_TEST_CASE(one_that_ends_during_the_commit_is_uncertain, TwoStores) {
    tryToWrite(first);
    execute("CREATE FUNCTION end_it() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(30); RETURN NULL; END';"
            "CREATE CONSTRAINT TRIGGER end_it AFTER INSERT ON mapping DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION end_it()");
    BOOST_CHECK_THROW(first.insertAll({mappingWith("a", 1)}), StorageUncertain);
    BOOST_TEST(first.load().mappings.empty());
}

/// The server goes down, and says so before its connections end.
BOOST_FIXTURE_TEST_CASE(one_that_is_refused_during_the_commit_as_the_server_goes_is_uncertain, TwoStores) {
    tryToWrite(first);
    execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RAISE EXCEPTION ''going down'' USING ERRCODE = ''57P01''; END';"
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON mapping DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION refuse()");
    BOOST_CHECK_THROW(first.insertAll({mappingWith("a", 1)}), StorageUncertain);
}

BOOST_FIXTURE_TEST_CASE(a_commit_that_is_refused_has_written_nothing, TwoStores) {
    tryToWrite(first);
    execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RAISE EXCEPTION ''no''; END';"
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON mapping DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION refuse()");
    BOOST_TEST(has(failureOf([&] { first.insertAll({mappingWith("a", 1)}); }), ": no"));
    BOOST_TEST(first.load().mappings.empty());
}

/// The others need not wait until its connection times out.
BOOST_FIXTURE_TEST_CASE(who_is_cut_off_in_a_transaction_loses_it, PostgresKind) {
    auto first = open();
    auto second = open(kLong);
    MappingStore::Transaction transaction(first);
    first.insert(mappingWith("a", 1));
    second.insertAll({mappingWith("b", 1)});
    BOOST_CHECK_THROW(transaction.commit(), StorageUnreachable);
}

BOOST_FIXTURE_TEST_CASE(an_interruption_ends_what_waits, PostgresKind) {
    auto first = open();
    auto second = open(kLong);
    tryToWrite(second);
    const MappingStore::Transaction transaction(first);
    auto waiting = std::async(std::launch::async, [&] { tryToWrite(second); });
    server().awaitLockWaiter(database);
    second.interrupt();
    BOOST_CHECK_THROW(waiting.get(), StorageError);
    BOOST_CHECK_THROW(second.load(), StorageError);
}

BOOST_FIXTURE_TEST_CASE(a_server_that_can_only_be_read_is_read, PostgresKind) {
    auto store = open();
    store.insertAll({mappingWith("a", 1)});
    server().ask("postgres", "ALTER DATABASE " + database + " SET default_transaction_read_only = on");
    disconnectAll();
    BOOST_TEST(store.load().mappings.size() == 1U);
    BOOST_CHECK_THROW(store.insertAll({mappingWith("b", 3)}), StorageUnreachable);
}

/// Else the transaction would be committed, with nothing in it, and the database be said to be written.
BOOST_FIXTURE_TEST_CASE(a_server_that_can_only_be_read_ends_the_whole_transaction, PostgresKind) {
    auto store = open();
    tryToWrite(store);
    server().ask("postgres", "ALTER DATABASE " + database + " SET default_transaction_read_only = on");
    disconnectAll();
    MappingStore::Transaction transaction(store);
    BOOST_CHECK_THROW(transaction.apply([](MappingStore& inner) { inner.insert(mappingWith("a", 1)); }),
                      StorageUnreachable);
}

BOOST_FIXTURE_TEST_CASE(a_time_of_last_use_that_is_not_later_writes_nothing, PostgresKind) {
    auto store = open();
    store.insertAll({mappingWith("a", 1), mappingWith("b", 3)});
    const auto placesAfter = [&](const LastUse& used) {
        inTransaction(store, [&](MappingStore& inner) { inner.setLastUse({{"a", used}, {"b", used}}); });
        return server().ask(database, "SELECT string_agg(ctid::text, ' ' ORDER BY id) FROM mapping");
    };
    const auto before = placesAfter({.agent = 5, .visitor = 7});
    BOOST_TEST(placesAfter({.agent = 5, .visitor = 7}) == before);
    BOOST_TEST(placesAfter({.agent = 4, .visitor = 6}) == before);
    BOOST_TEST(placesAfter({.agent = 5, .visitor = 8}) != before);
}

BOOST_FIXTURE_TEST_CASE(versions_and_tables_of_others_are_refused, PostgresKind) {
    auto store = open();
    tryToWrite(store);
    execute("UPDATE connector_schema SET version = 2");
    auto older = open();
    BOOST_TEST(has(failureOf([&] { older.load(); }), "has version 2, which a newer iofog-connector"));
    const PostgresKind other;
    other.execute("CREATE TABLE mapping (id TEXT)");
    auto foreign = other.open();
    BOOST_TEST(has(failureOf([&] { foreign.load(); }), "another program's database"));
    BOOST_TEST(has(failureOf([&] { foreign.load(); }), "another program's database"), "again");
}

/// Else a database that was lost, or is not restored yet, would be taken for one without mappings.
BOOST_FIXTURE_TEST_CASE(tables_are_made_only_by_who_is_to_make_them, PostgresKind) {
    auto store = MappingStore::openShared(location(), kDatabaseBusy, MappingStore::Tables::MustBeThere);
    BOOST_TEST(has(failureOf([&] { store.load(); }), "has no tables"));
    BOOST_CHECK_THROW(tryToWrite(store), StorageUnreachable);
    BOOST_CHECK_THROW(store.listen(), StorageUnreachable);
    BOOST_TEST(server().ask(database, "SELECT count(*) FROM pg_tables WHERE tablename = 'mapping'") == "0");
    open().insertAll({mappingWith("a", 1)});
    BOOST_TEST(store.load().mappings.size() == 1U, "they are there now");
}

BOOST_FIXTURE_TEST_CASE(tables_that_are_lost_are_not_made_anew, TwoStores) {
    first.insertAll({mappingWith("a", 1)});
    const auto losing = [&](const std::string& statements) {
        execute(statements);
        BOOST_CHECK_THROW(first.load(), StorageUnreachable);
        BOOST_CHECK_THROW(first.marks(), StorageUnreachable);
        BOOST_CHECK_THROW(first.changeNumber(), StorageUnreachable);
        BOOST_CHECK_THROW(tryToWrite(first), StorageUnreachable);
        disconnectAll();
        BOOST_CHECK_THROW(first.load(), StorageUnreachable);
        BOOST_CHECK_THROW(tryToWrite(first), StorageUnreachable);
    };
    losing("ALTER SCHEMA public RENAME TO lost");
    losing("CREATE SCHEMA public");
    execute("CREATE TABLE connector_schema (version INTEGER)");
    disconnectAll();
    BOOST_CHECK_THROW(first.load(), StorageUnreachable);
    execute("DROP TABLE connector_schema; DROP SCHEMA public; ALTER SCHEMA lost RENAME TO public");
    BOOST_TEST(first.load().mappings.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(many_that_make_the_tables_at_once_make_them_once, PostgresKind) {
    std::vector<std::future<void>> others;
    for (int i = 0; i < 8; ++i)
        others.push_back(std::async(std::launch::async, [this] {
            auto store = open(kLong);
            tryToWrite(store);
        }));
    for (auto& one : others)
        BOOST_TEST(failureOf([&] { one.get(); }) == "");
    BOOST_TEST(server().ask(database, "SELECT count(*) FROM connector_schema") == "1");
}

BOOST_FIXTURE_TEST_CASE(who_makes_the_tables_waits_for_those_who_write, PostgresKind) {
    auto first = open();
    const MappingStore::Transaction transaction(first);
    execute("DROP TABLE connector_schema");
    auto second = open(std::chrono::milliseconds(50));
    BOOST_CHECK_THROW(second.load(), StorageLocked);
}

BOOST_FIXTURE_TEST_CASE(writes_that_fail_leave_nothing_behind_in_the_session, PostgresKind) {
    auto store = open();
    store.insertAll({mappingWith("a", 1)});
    MappingStore::Transaction transaction(store);
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(!!transaction.apply([](MappingStore& inner) { inner.insert(mappingWith("b", 1)); }));
    BOOST_TEST(!transaction.apply([](MappingStore& inner) { inner.insert(mappingWith("b", 3)); }));
    transaction.commit();
    BOOST_TEST(store.load().mappings.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
