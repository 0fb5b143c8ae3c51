#include "mapping/MappingStore.h"

#include <Poco/Data/Session.h>
#include <Poco/TemporaryFile.h>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <optional>
#include <thread>

using connector::MappingStore;
using connector::StorageError;

namespace {

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

connector::Mapping mapping(const std::string& id, std::uint16_t firstPort) {
    connector::Mapping result;
    result.id = id;
    result.endpoint1.port = firstPort;
    result.endpoint2.port = static_cast<std::uint16_t>(firstPort + 1);
    return result;
}

auto insertionOf(const std::string& id, std::uint16_t firstPort) {
    return [=](MappingStore& store) { store.insert(mapping(id, firstPort)); };
}

struct Database {
    Poco::TemporaryFile folder;
    std::string path = folder.path() + "/mappings.db";
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(MappingStoreUse, Database)

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

BOOST_FIXTURE_TEST_SUITE(MappingStoreTransactions, Database)

BOOST_AUTO_TEST_CASE(a_write_that_fails_leaves_the_others) {
    MappingStore store(path);
    {
        MappingStore::Transaction transaction(store);
        BOOST_TEST(!transaction.apply(insertionOf("a", 1)));
        BOOST_TEST(!!transaction.apply(insertionOf("b", 1)), "the ports are taken");
        BOOST_TEST(!transaction.apply(insertionOf("c", 3)));
        transaction.commit();
    }
    BOOST_TEST(store.load().size() == 2U);
    BOOST_TEST(store.loadDamaged().empty());
}

BOOST_AUTO_TEST_CASE(a_write_that_fails_halfway_leaves_nothing_of_itself) {
    MappingStore store(path);
    {
        MappingStore::Transaction transaction(store);
        BOOST_TEST(!transaction.apply(insertionOf("a", 1)));
        const auto failure = transaction.apply([](MappingStore& inner) {
            inner.insert(mapping("b", 3));
            inner.insert(mapping("c", 1));
        });
        BOOST_TEST(!!failure, "the ports are taken");
        transaction.commit();
    }
    BOOST_REQUIRE(store.load().size() == 1U);
    BOOST_TEST(store.load()[0].id == "a");
}

BOOST_AUTO_TEST_CASE(what_is_not_committed_is_not_there) {
    MappingStore store(path);
    {
        MappingStore::Transaction transaction(store);
        BOOST_TEST(!transaction.apply(insertionOf("a", 1)));
    }
    BOOST_TEST(store.load().empty());
}

BOOST_AUTO_TEST_CASE(everything_of_a_mapping_comes_back) {
    auto wanted = mapping("a", 1);
    wanted.type = connector::Mapping::Type::Private;
    wanted.label = "a label";
    wanted.endpoint1 = {.port = 1,
                        .passcode = "passcode1",
                        .formerPasscode = "former1",
                        .formerPasscodeUntil = 11,
                        .maxConnections = 12,
                        .heartbeatAbsenceThreshold = std::chrono::milliseconds(13)};
    wanted.endpoint2 = {.port = 2,
                        .passcode = "passcode2",
                        .formerPasscode = "former2",
                        .formerPasscodeUntil = 21,
                        .maxConnections = 22,
                        .heartbeatAbsenceThreshold = std::chrono::milliseconds(23)};
    wanted.visitors = {.alpn = {"h2", "http/1.1"}, .tls = false};
    wanted.traffic = {.visitorsPerAddress = 31,
                      .visitorRate = 32,
                      .allow = std::vector{*connector::Network::parse("192.0.2.0/24"),
                                           *connector::Network::parse("2001:db8::/32")},
                      .deny = std::vector<connector::Network>{},
                      .relayIdle = std::chrono::milliseconds(33),
                      .bandwidth = 34000};
    wanted.created = 41;
    wanted.lastUse = {.agent = 42, .visitor = 43};
    const auto plain = mapping("b", 3);
    MappingStore store(path);
    store.insertAll({wanted, plain});
    BOOST_REQUIRE(store.load().size() == 2U);
    BOOST_TEST((store.load()[0] == wanted));
    BOOST_TEST((store.load()[1] == plain), "what is not given stays so");
}

/// It is written by itself, and may be written between the reading and the replacing of the rest.
BOOST_AUTO_TEST_CASE(replacing_a_mapping_keeps_when_it_was_last_in_use) {
    MappingStore store(path);
    store.insertAll({mapping("a", 1)});
    auto labelled = mapping("a", 1);
    labelled.label = "new";
    {
        MappingStore::Transaction transaction(store);
        store.setLastUse({{"a", {.agent = 5, .visitor = 7}}});
        store.replace(mapping("a", 1), labelled);
        transaction.commit();
    }
    const auto loaded = store.load();
    BOOST_TEST_REQUIRE(loaded.size() == 1U);
    BOOST_TEST(loaded.front().label == "new");
    BOOST_TEST(loaded.front().lastUse.agent == 5);
    BOOST_TEST(loaded.front().lastUse.visitor == 7);
}

BOOST_AUTO_TEST_CASE(a_lock_of_another_program_is_told_from_other_failures) {
    MappingStore store(path, std::chrono::milliseconds(1));
    Poco::Data::Session other("SQLite", path);
    other << "BEGIN IMMEDIATE", Poco::Data::Keywords::now;
    BOOST_CHECK_THROW(MappingStore::Transaction transaction(store), connector::StorageLocked);
}

BOOST_AUTO_TEST_CASE(a_row_that_was_changed_by_others_is_damaged) {
    {
        MappingStore store(path);
        store.insertAll({mapping("a", 1), mapping("b", 3)});
    }
    {
        Poco::Data::Session other("SQLite", path);
        other << "UPDATE mapping SET passcode1 = 'other' WHERE id = 'b'", Poco::Data::Keywords::now;
    }
    MappingStore store(path);
    BOOST_TEST(store.load().size() == 1U);
    BOOST_REQUIRE(store.loadDamaged().size() == 1U);
    BOOST_TEST(store.loadDamaged()[0].id == "b");
    BOOST_TEST(store.loadDamaged()[0].endpoint2.port == 4);
}

BOOST_AUTO_TEST_SUITE_END()
