#include "mapping/MappingRow.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using connector::checksumOf;

BOOST_AUTO_TEST_SUITE(MappingRow)

BOOST_AUTO_TEST_CASE(a_name_and_no_ports_are_kept_and_sealed) {
    connector::Mapping mapping;
    mapping.id = "5def8b1d-5c77-4ccb-9a20-5fade3eace06";
    mapping.endpoint1.port = 6000;
    mapping.endpoint2.port = 6001;
    const auto plain = checksumOf(mapping);
    mapping.name = "web";
    const auto named = checksumOf(mapping);
    mapping.hasPorts = false;
    mapping.endpoint1.port = mapping.endpoint2.port = 0;
    BOOST_TEST(named != plain);
    BOOST_TEST(checksumOf(mapping) != named);
    BOOST_TEST((connector::mappingOf(connector::rowOf(mapping)) == mapping));
    mapping.name.clear();
    BOOST_TEST((connector::mappingOf(connector::rowOf(mapping)) == mapping));
}

BOOST_AUTO_TEST_CASE(one_port_alone_is_no_mapping) {
    connector::Mapping mapping;
    mapping.endpoint1.port = 6000;
    BOOST_TEST(!connector::mappingOf(connector::rowOf(mapping)).has_value());
}

// In pauses of different lengths, so that there often is one thread, or none, that is at it.
BOOST_AUTO_TEST_CASE(checksums_are_made_by_several_threads) {
    connector::Mapping mapping;
    mapping.id = "5def8b1d-5c77-4ccb-9a20-5fade3eace06";
    const auto expected = checksumOf(mapping);
    std::atomic<int> wrong = 0;
    {
        std::vector<std::jthread> threads(8);
        for (auto& thread : threads)
            thread = std::jthread([&] {
                for (int round = 0; round < 4000; ++round) {
                    if (checksumOf(mapping) != expected) ++wrong;
                    std::this_thread::sleep_for(std::chrono::microseconds(round * 7919 % 300));
                }
            });
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()
