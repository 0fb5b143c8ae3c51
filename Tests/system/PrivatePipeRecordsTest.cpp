#include "OpenPipe.h"
#include "RandomStream.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <future>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr std::size_t kLargestRecord = 16384;
constexpr int kSmallBuffer = 4096;
constexpr std::uint64_t kSeed = 7;

/// Messages as stock agents send them: a body in one or more records, and a record of its own that ends it.
std::vector<std::string> messages(std::size_t count) {
    constexpr std::array sizes{std::size_t{1000}, std::size_t{1}, kLargestRecord, std::size_t{4},
                               kLargestRecord - 1};
    std::vector<std::string> records;
    for (std::size_t number = 0; number < count; ++number) {
        records.push_back(randomBytes(sizes.at(number % sizes.size()), kSeed + number));
        records.emplace_back("TXEND");
    }
    return records;
}

/// What comes in the next record; in a client's TLS, one receive() returns at most one.
std::string nextRecord(PipeClient& client) {
    std::string record(2 * kLargestRecord, '\0');
    record.resize(client.receive(record.data(), record.size()));
    return record;
}

void sendEach(PipeClient& client, const std::vector<std::string>& records) {
    for (const auto& record : records)
        client.send(record);
}

void checkRecords(PipeClient& client, const std::vector<std::string>& expected) {
    for (std::size_t number = 0; number < expected.size(); ++number) {
        const auto record = nextRecord(client);
        BOOST_REQUIRE_MESSAGE(record == expected[number],
                              "record " << number << " of " << expected.size() << " has " << record.size()
                                        << " bytes instead of " << expected[number].size());
    }
}

} // namespace

/// What PIPE/1 promises in TLS: each record that one agent sends comes out at the other as it was.
BOOST_AUTO_TEST_SUITE(PrivatePipeRecords)

BOOST_AUTO_TEST_CASE(RecordsStayRecords) {
    const OpenPrivatePipe pipe(Mode::Tls);
    auto [one, other] = pipe.relay();
    const auto sent = messages(static_cast<std::size_t>(scaled(1000)));
    auto sending = std::async(std::launch::async, [&one = one, &sent] { sendEach(one, sent); });
    checkRecords(other, sent);
    sending.get();
    sendEach(other, messages(5));
    checkRecords(one, messages(5));
}

/// The receiver takes nothing for a while: all that Connector holds, and the kernel, is full then.
BOOST_AUTO_TEST_CASE(RecordsStayRecordsForASlowReceiver) {
    const OpenPrivatePipe pipe(Mode::Tls, {.limits = {{"relay-buffer", 65536}}});
    auto [one, other] = pipe.relay({}, {.bufferSize = kSmallBuffer});
    const auto sent = messages(600);
    auto sending = std::async(std::launch::async, [&one = one, &sent] { sendEach(one, sent); });
    waitUntilStalled("bytesfromport1",
                     [&] { return static_cast<std::uint64_t>(pipe.count("bytesfromport1")); });
    checkRecords(other, sent);
    sending.get();
}

/// Of an agent whose partner is not there yet.
BOOST_DATA_TEST_CASE(HeldRecordsStayRecords, bdata::make({16384, 65536}), held) {
    const OpenPrivatePipe pipe(Mode::Tls, {.limits = {{"held-payload", held}}});
    auto one = pipe.agent1();
    const auto sent = messages(20);
    auto sending = std::async(std::launch::async, [&one, &sent] { sendEach(one, sent); });
    waitUntil("the first of them are held", [&] { return pipe.count("agentswaitingport1") == 1; });
    auto other = pipe.agent2();
    checkRecords(other, sent);
    sending.get();
}

/// Heartbeats between them are taken out, and change nothing of the others.
BOOST_AUTO_TEST_CASE(HeartbeatsAreTakenOutBetweenRecords) {
    const OpenPrivatePipe pipe(Mode::Tls);
    auto [one, other] = pipe.relay();
    for (const auto* record : {"one", "BEAT", "TXEND", "BEATBEAT", "two", "BEATS", "TXEND"})
        one.send(record);
    checkRecords(other, {"one", "TXEND", "two", "BEATS", "TXEND"});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
