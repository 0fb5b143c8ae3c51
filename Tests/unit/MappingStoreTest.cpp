#include "MappingStores.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <thread>
#include <tuple>

namespace connector::test {

namespace {

using Kinds = std::tuple<SqliteKind, PostgresKind>;

/// Asks again and again whether the database is in use, as `check` does, for as long as it lives.
class Asking {
  public:
    explicit Asking(const std::string& path)
        : _thread([this, path] {
              while (!_isOver)
                  MappingStore::isInUse(path);
          }) {}
    ~Asking() {
        _isOver = true;
        _thread.join();
    }

  private:
    std::atomic<bool> _isOver = false;
    std::thread _thread;
};

auto insertionOf(const std::string& id, std::uint16_t firstPort) {
    return [=](MappingStore& store) { store.insert(mappingWith(id, firstPort)); };
}

/// With everything that one may have.
Mapping fullMapping() {
    auto result = mappingWith("a", 1);
    result.type = Mapping::Type::Private;
    result.label = "a label: 'quoted', \"quoted\", \\ and ä";
    result.name = "web";
    result.endpoint1 = {.port = 1,
                        .passcode = "passcode1",
                        .formerPasscode = "former1",
                        .formerPasscodeUntil = 1'700'000'000'011,
                        .maxConnections = 12,
                        .heartbeatAbsenceThreshold = std::chrono::milliseconds(13)};
    result.endpoint2 = {.port = 2,
                        .passcode = "passcode2",
                        .formerPasscode = "former2",
                        .formerPasscodeUntil = 21,
                        .maxConnections = 22,
                        .heartbeatAbsenceThreshold = std::chrono::milliseconds(23)};
    result.visitors = {.alpn = {"h2", "http/1.1"}, .tls = false};
    result.traffic = {.visitorsPerAddress = 31,
                      .visitorRate = 32,
                      .allow = std::vector{*Network::parse("192.0.2.0/24"), *Network::parse("2001:db8::/32")},
                      .deny = std::vector<Network>{},
                      .relayIdle = std::chrono::milliseconds(33),
                      .bandwidth = 34'000'000'000};
    result.logRelays = false;
    result.created = 1'700'000'000'041;
    result.lastUse = {.agent = 42, .visitor = 43};
    return result;
}

struct SqliteFile {
    Poco::TemporaryFile folder;
    std::string path = folder.path() + "/mappings.db";
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(MappingStoreUse, SqliteFile)

BOOST_AUTO_TEST_CASE(it_is_in_use_while_a_store_has_it_open) {
    BOOST_TEST(!MappingStore::isInUse(path), "it is not there");
    {
        const MappingStore store(path);
        BOOST_TEST(MappingStore::isInUse(path));
    }
    BOOST_TEST(!MappingStore::isInUse(path));
}

BOOST_AUTO_TEST_CASE(reading_it_is_no_use) {
    std::optional<MappingStore> store(path);
    store.reset();
    const auto reader = MappingStore::openToRead(path);
    BOOST_TEST(!MappingStore::isInUse(path));
}

BOOST_AUTO_TEST_CASE(only_one_store_may_have_it_open) {
    const MappingStore store(path);
    BOOST_CHECK_THROW(const MappingStore second(path), StorageError);
    BOOST_TEST(MappingStore::isInUse(path));
}

BOOST_AUTO_TEST_CASE(who_asks_keeps_nobody_from_opening_it) {
    const Asking asking(path);
    for (int round = 0; round < 300; ++round)
        BOOST_CHECK_NO_THROW(const MappingStore store(path));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(MappingStoreTransactions)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_write_that_fails_leaves_the_others, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    {
        MappingStore::Transaction transaction(store);
        BOOST_TEST(!transaction.apply(insertionOf("a", 1)));
        BOOST_TEST(!!transaction.apply(insertionOf("b", 1)), "the ports are taken");
        BOOST_TEST(!transaction.apply(insertionOf("c", 3)));
        transaction.commit();
    }
    BOOST_TEST(idsOf(store.load().mappings) == (std::vector<std::string>{"a", "c"}),
               boost::test_tools::per_element());
    BOOST_TEST(store.load().damaged.empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_write_that_fails_halfway_leaves_nothing_of_itself, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    {
        MappingStore::Transaction transaction(store);
        BOOST_TEST(!transaction.apply(insertionOf("a", 1)));
        const auto failure = transaction.apply([](MappingStore& inner) {
            inner.insert(mappingWith("b", 3));
            inner.insert(mappingWith("c", 1));
        });
        BOOST_TEST(!!failure, "the ports are taken");
        transaction.commit();
    }
    BOOST_TEST(idsOf(store.load().mappings) == (std::vector<std::string>{"a"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_not_committed_is_not_there, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    {
        MappingStore::Transaction transaction(store);
        BOOST_TEST(!transaction.apply(insertionOf("a", 1)));
    }
    BOOST_TEST(store.load().mappings.empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(all_or_none_are_inserted, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    BOOST_CHECK_THROW(store.insertAll({mappingWith("a", 1), mappingWith("b", 1)}), StoragePortTaken);
    BOOST_TEST(store.load().mappings.empty());
    store.insertAll({mappingWith("a", 1), mappingWith("b", 3)});
    BOOST_TEST(store.load().mappings.size() == 2U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(everything_of_a_mapping_comes_back, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    const auto wanted = fullMapping();
    const auto plain = mappingWith("b", 3);
    store.insertAll({plain, wanted});
    BOOST_REQUIRE(store.load().mappings.size() == 2U);
    BOOST_TEST((store.load().mappings[0] == wanted));
    BOOST_TEST((store.load().mappings[1] == plain), "what is not given stays so");
    BOOST_TEST((find(store, "a") == wanted));
    BOOST_TEST(!find(store, "c"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(many_are_found_by_their_ids, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    std::vector<Mapping> mappings;
    std::set<std::string> ids;
    for (std::uint16_t i = 0; i < 2001; ++i) {
        mappings.push_back(mappingWith(std::to_string(i), static_cast<std::uint16_t>(1 + 2 * i)));
        ids.insert(mappings.back().id);
    }
    store.insertAll(mappings);
    BOOST_TEST(store.load(ids).mappings.size() == mappings.size());
    BOOST_TEST(store.load(std::set<std::string>{}).mappings.empty());
    BOOST_TEST(store.load({"7", "8", "none"}).mappings.size() == 2U);
}

/// It is written by itself, and may be written between the reading and the replacing of the rest.
BOOST_AUTO_TEST_CASE_TEMPLATE(replacing_a_mapping_keeps_when_it_was_last_in_use, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    store.insertAll({mappingWith("a", 1)});
    auto wanted = fullMapping();
    wanted.created = 0;
    {
        MappingStore::Transaction transaction(store);
        store.setLastUse({{"a", {.agent = 5, .visitor = 7}}});
        store.replace(mappingWith("a", 1), wanted);
        transaction.commit();
    }
    wanted.lastUse = {.agent = 5, .visitor = 7};
    BOOST_TEST((find(store, "a") == wanted), "all else is as it was wanted");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(times_of_last_use_only_go_forward, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    store.insertAll({mappingWith("a", 1)});
    inTransaction(store, [](MappingStore& inner) {
        inner.setLastUse({{"a", {.agent = 50, .visitor = 7}}, {"gone", {.agent = 1, .visitor = 1}}});
        inner.setLastUse({{"a", {.agent = 5, .visitor = 70}}});
    });
    BOOST_TEST(find(store, "a").value().lastUse.agent == 50);
    BOOST_TEST(find(store, "a").value().lastUse.visitor == 70);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(times_of_last_use_of_many_are_written_together, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    std::vector<Mapping> mappings{mappingWith(R"(a, "b" \ {c} 'd' NULL)", 1), mappingWith("null", 3)};
    for (std::uint16_t i = 2; i < 2001; ++i)
        mappings.push_back(mappingWith(std::to_string(i), static_cast<std::uint16_t>(1 + 2 * i)));
    store.insertAll(mappings);
    std::vector<LastUseRecord> records;
    for (auto& mapping : mappings) {
        mapping.lastUse = {.agent = mapping.endpoint1.port, .visitor = mapping.endpoint2.port};
        records.push_back({mapping.id, mapping.lastUse});
    }
    inTransaction(store, [&](MappingStore& inner) { inner.setLastUse(records); });
    for (const auto& mapping : store.load().mappings)
        BOOST_TEST(mapping.lastUse.visitor == mapping.endpoint2.port);
    BOOST_TEST((find(store, mappings[0].id) == mappings[0]));
    BOOST_TEST((find(store, "null") == mappings[1]));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_not_as_it_was_said_to_be_is_neither_replaced_nor_removed, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    const auto before = mappingWith("a", 1);
    auto labelled = before;
    labelled.label = "new";
    store.insertAll({before});
    inTransaction(store, [&](MappingStore& inner) { inner.replace(before, labelled); });
    {
        MappingStore::Transaction transaction(store);
        BOOST_CHECK_THROW(store.remove(before), StorageOutdated);
        BOOST_CHECK_THROW(store.replace(before, before), StorageOutdated);
        BOOST_CHECK_THROW(store.remove(mappingWith("gone", 3)), StorageOutdated);
        transaction.commit();
    }
    BOOST_TEST(find(store, "a").value().label == "new");
    BOOST_TEST(store.releasedPorts().empty());
    inTransaction(store, [&](MappingStore& inner) { inner.remove(labelled); });
    BOOST_TEST(store.load().mappings.empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_may_be_gone_is_removed_if_it_is_there, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    store.insertAll({mappingWith("a", 1)});
    inTransaction(store, [](MappingStore& inner) {
        inner.removeIfThere(mappingWith("a", 1));
        inner.removeIfThere(mappingWith("b", 3));
    });
    BOOST_TEST(store.load().mappings.empty());
    BOOST_TEST(store.releasedPorts() == (std::vector<std::uint16_t>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(ports_are_released_in_the_order_of_giving_back, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    auto moved = mappingWith("b", 3);
    moved.endpoint1.port = 9;
    store.insertAll({mappingWith("a", 1), mappingWith("b", 3)});
    inTransaction(store, [&](MappingStore& inner) { inner.replace(mappingWith("b", 3), moved); });
    inTransaction(store, [](MappingStore& inner) { inner.remove(mappingWith("a", 1)); });
    inTransaction(store, [](MappingStore& inner) { inner.insert(mappingWith("c", 2)); });
    inTransaction(store, [](MappingStore& inner) { inner.remove(mappingWith("c", 2)); });
    BOOST_TEST(store.releasedPorts() == (std::vector<std::uint16_t>{1, 2, 3}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_port_can_be_taken_by_the_mapping_that_has_it, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    auto swapped = mappingWith("a", 1);
    std::swap(swapped.endpoint1.port, swapped.endpoint2.port);
    store.insertAll({mappingWith("a", 1), mappingWith("b", 3)});
    inTransaction(store, [&](MappingStore& inner) { inner.replace(mappingWith("a", 1), swapped); });
    BOOST_TEST(find(store, "a").value().endpoint1.port == 2);
    auto taken = swapped;
    taken.endpoint1.port = 3;
    BOOST_CHECK_THROW(inTransaction(store, [&](MappingStore& inner) { inner.replace(swapped, taken); }),
                      StoragePortTaken);
    BOOST_TEST((find(store, "a") == swapped));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_name_is_one_mappings_alone, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    auto named = mappingWith("a", 1);
    named.name = "web";
    auto other = mappingWith("b", 3);
    store.insertAll({named, other});
    auto renamed = other;
    renamed.name = "web";
    const auto takeIt = [&] { inTransaction(store, [&](auto& inner) { inner.replace(other, renamed); }); };
    BOOST_CHECK_THROW(takeIt(), StorageNameTaken);
    auto third = mappingWith("c", 5);
    third.name = "web";
    BOOST_CHECK_THROW(store.insertAll({third}), StorageNameTaken);
    inTransaction(store, [&](auto& inner) { inner.remove(named); });
    takeIt();
    BOOST_TEST(find(store, "b").value().name == "web");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(many_may_have_no_ports_and_release_none, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    std::vector<Mapping> mappings;
    for (const auto* id : {"a", "b"}) {
        mappings.push_back(mappingWith(id, 0));
        mappings.back().endpoint2.port = 0;
        mappings.back().hasPorts = false;
    }
    store.insertAll(mappings);
    BOOST_TEST((store.load().mappings == mappings));
    inTransaction(store, [&](auto& inner) {
        inner.remove(mappings[0]);
        inner.removeIfThere(mappings[1]);
    });
    BOOST_TEST(store.load().mappings.empty());
    BOOST_TEST(store.releasedPorts().empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_damaged_row_keeps_its_name, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto named = mappingWith("a", 1);
    named.name = "web";
    kind.open().insertAll({named});
    kind.execute("UPDATE mapping SET label = 'x'");
    const auto damaged = kind.open().load().damaged;
    BOOST_TEST_REQUIRE(damaged.size() == 1U);
    BOOST_TEST(damaged.front().name == "web");
    BOOST_TEST(damaged.front().endpoint1.port == 1);
    BOOST_TEST(damaged.front().endpoint2.port == 2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_row_that_was_changed_by_others_is_damaged, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    {
        auto store = kind.open();
        store.insertAll({mappingWith("a", 1), mappingWith("b", 3), mappingWith("c", 5), mappingWith("d", 7)});
    }
    kind.execute("UPDATE mapping SET logrelays = 1 WHERE id = 'd'");
    kind.execute("UPDATE mapping SET passcode1 = 'other' WHERE id = 'b'");
    kind.execute("UPDATE mapping SET allow = 'no network' WHERE id = 'c'");
    auto store = kind.open();
    BOOST_TEST(idsOf(store.load().mappings) == (std::vector<std::string>{"a"}),
               boost::test_tools::per_element());
    BOOST_TEST(idsOf(store.load().damaged) == (std::vector<std::string>{"b", "c", "d"}),
               boost::test_tools::per_element());
    BOOST_TEST(store.load().damaged[0].endpoint2.port == 4);
    const auto some = store.load({"a", "b", "none"});
    BOOST_TEST(idsOf(some.mappings) == (std::vector<std::string>{"a"}), boost::test_tools::per_element());
    BOOST_TEST(idsOf(some.damaged) == (std::vector<std::string>{"b"}), boost::test_tools::per_element());
    inTransaction(store, [](MappingStore& inner) { inner.removeIfThere(mappingWith("b", 3)); });
    BOOST_TEST(idsOf(store.load().damaged) == (std::vector<std::string>{"c", "d"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(marks_are_of_all_rows_as_they_are, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    const auto first = fullMapping();
    const auto second = mappingWith("B", 3); // by its bytes before "a"
    {
        auto store = kind.open();
        store.insertAll({first, second});
    }
    kind.execute("UPDATE mapping SET label = 'other' WHERE id = 'B'");
    auto store = kind.open();
    const auto marks = store.marks();
    BOOST_REQUIRE(marks.size() == 2U);
    BOOST_TEST(marks[0].id == "B");
    BOOST_TEST(marks[1].id == "a");
    BOOST_TEST(marks[1].checksum == checksumOf(first));
    BOOST_TEST(marks[0].checksum == checksumOf(second), "as it was written");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_interrupted_store_fails, Kind, Kinds) {
    const Kind kind;
    if (!kind.isThere()) return;
    auto store = kind.open();
    store.insertAll({mappingWith("a", 1)});
    store.suspend();
    store.insertAll({mappingWith("b", 3)});
    BOOST_TEST(store.load().mappings.size() == 2U);
    store.interrupt();
    store.close();
    BOOST_CHECK_THROW(store.load(), StorageError);
}

BOOST_FIXTURE_TEST_CASE(a_lock_of_another_program_is_told_from_other_failures, SqliteFile) {
    MappingStore store(path, std::chrono::milliseconds(1));
    Poco::Data::Session other("SQLite", path);
    other << "BEGIN IMMEDIATE", Poco::Data::Keywords::now;
    BOOST_CHECK_THROW(MappingStore::Transaction transaction(store), StorageLocked);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
