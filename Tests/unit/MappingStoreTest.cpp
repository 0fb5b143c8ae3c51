#include "mapping/MappingStore.h"

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
