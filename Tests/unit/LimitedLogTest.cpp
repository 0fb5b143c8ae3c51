#include "net/LimitedLogs.h"

#include <Poco/Channel.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace connector::test {

namespace {

using Poco::Net::IPAddress;

constexpr int kAtOnce = 10;
constexpr int kFlood = 1000;
constexpr const char* kSource = "limited-log-test";

/// Keeps the lines.
class Lines final : public Poco::Channel {
  public:
    void log(const Poco::Message& message) override {
        const std::lock_guard lock(_mutex);
        _lines.push_back(message.getText());
    }

    std::vector<std::string> lines() const {
        const std::lock_guard lock(_mutex);
        return _lines;
    }

    std::size_t count(const std::string& text) const {
        const auto all = lines();
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](const auto& line) { return line.find(text) != std::string::npos; }));
    }

  private:
    mutable std::mutex _mutex;
    std::vector<std::string> _lines;
};

struct Log {
    Log() {
        Poco::Logger::get(kSource).setChannel(lines);
        Poco::Logger::get(kSource).setLevel(Poco::Message::PRIO_INFORMATION);
    }

    /// A log that writes 10 lines at once.
    LimitedLog make(bool isShared = false) const {
        return LimitedLog({.source = kSource, .what = "agents rejected", .isShared = isShared},
                          {.linesPerSecond = 1});
    }

    Poco::AutoPtr<Lines> lines{new Lines};
};

void write(LimitedLog& log, const std::string& address, int times, const std::string& reason = "wrong") {
    for (int i = 0; i < times; ++i)
        log.write(IPAddress(address), reason, [&] { return "from " + address; });
}

/// The whole number behind this text of a line.
std::optional<std::size_t> numberBehind(const std::string& text, const std::string& line) {
    const auto at = line.find(text);
    if (at == std::string::npos) return std::nullopt;
    std::string digits;
    for (auto next = at + text.size(); next < line.size() && line.find_first_of("0123456789,", next) == next;
         ++next)
        if (line[next] != ',') digits += line[next];
    return std::stoul(digits);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(LimitedLines, Log)

BOOST_AUTO_TEST_CASE(few_lines_are_all_written_and_not_summed_up) {
    auto log = make();
    write(log, "192.0.2.7", kAtOnce);
    log.sumUp();
    BOOST_TEST(lines->count("from 192.0.2.7") == std::size_t{kAtOnce});
    BOOST_TEST(lines->lines().size() == std::size_t{kAtOnce});
}

BOOST_AUTO_TEST_CASE(what_is_left_out_is_counted_in_one_line) {
    auto log = make();
    write(log, "192.0.2.8", 3, "slow");
    write(log, "192.0.2.7", kFlood);
    log.sumUp();
    const auto summary = lines->lines().back();
    BOOST_TEST(summary.starts_with("agents rejected: 1,003 within "), summary);
    BOOST_TEST(summary.ends_with("from 2 addresses, most from 192.0.2.7 (1,000): wrong 1,000, slow 3"),
               summary);
    const auto leftOut = numberBehind(" s, ", summary);
    BOOST_TEST_REQUIRE(leftOut.has_value(), summary);
    BOOST_TEST(lines->count("from 192.0.2.8") + lines->count("from 192.0.2.7") - 1 + *leftOut == kFlood + 3U);
    log.sumUp();
    BOOST_TEST(lines->lines().back() == summary, "there is nothing new");
}

BOOST_AUTO_TEST_CASE(line_that_is_left_out_is_not_made) {
    auto log = make();
    int made = 0;
    for (int i = 0; i < kFlood; ++i)
        log.write(IPAddress("192.0.2.7"), "wrong", [&] { return "line " + std::to_string(++made); });
    BOOST_TEST(lines->count("line ") == static_cast<std::size_t>(made));
    BOOST_TEST(made < kFlood / 2);
}

BOOST_AUTO_TEST_CASE(level_that_is_not_logged_is_not_summed_up) {
    auto log = make();
    Poco::Logger::get(kSource).setLevel(Poco::Message::PRIO_WARNING);
    write(log, "192.0.2.7", kFlood);
    log.sumUp();
    BOOST_TEST(lines->lines().empty());
}

BOOST_AUTO_TEST_CASE(flood_of_one_address_leaves_lines_to_others) {
    auto log = make(/*isShared*/ true);
    write(log, "192.0.2.7", kFlood);
    BOOST_TEST(lines->count("from 192.0.2.7") == kAtOnce / 2U);
    write(log, "192.0.2.8", 1);
    BOOST_TEST(lines->count("from 192.0.2.8") == 1U);
    log.sumUp();
    write(log, "192.0.2.8", 1);
    BOOST_TEST(lines->count("from 192.0.2.8") == 2U);
}

BOOST_AUTO_TEST_CASE(addresses_of_an_IPv6_64_and_mapped_ones_are_one) {
    auto log = make(/*isShared*/ true);
    write(log, "2001:db8::1", kFlood / 2);
    write(log, "2001:db8::2", kFlood / 2);
    log.sumUp();
    BOOST_TEST(lines->lines().back().find("from 1 addresses, most from 2001:db8::1 (1,000)") !=
               std::string::npos);
    write(log, "::ffff:192.0.2.7", kFlood / 2);
    write(log, "192.0.2.7", kFlood / 2);
    log.sumUp();
    BOOST_TEST(lines->lines().back().find("from 1 addresses, most from 192.0.2.7 (1,000)") !=
               std::string::npos);
}

/// Whatever comes before it and between.
BOOST_AUTO_TEST_CASE(address_with_the_most_is_found_among_more_than_can_be_counted) {
    constexpr int kAddresses = 20000;
    auto log = make(/*isShared*/ true);
    for (int i = 0; i < kAddresses; ++i) {
        const auto address = "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250);
        write(log, address, 1);
        if (i % 10 == 0) write(log, "192.0.2.7", 1);
    }
    log.sumUp();
    const auto summary = lines->lines().back();
    BOOST_TEST(summary.find("from more than 1,000 addresses, most from 192.0.2.7 (") != std::string::npos,
               summary);
    const auto count = numberBehind("192.0.2.7 (", summary).value_or(0);
    BOOST_TEST(count <= kAddresses / 10U);
    BOOST_TEST(count + kAddresses / 1000U + kAddresses / 10000U >= kAddresses / 10U);
}

BOOST_AUTO_TEST_CASE(address_with_the_most_is_found_when_it_comes_last) {
    auto log = make(/*isShared*/ true);
    for (int i = 0; i < 1000; ++i)
        write(log, "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250), 1);
    write(log, "192.0.2.7", kFlood);
    log.sumUp();
    const auto summary = lines->lines().back();
    BOOST_TEST(summary.find("most from 192.0.2.7 (999)") != std::string::npos, summary);
}

BOOST_AUTO_TEST_CASE(reasons_are_bounded) {
    auto log = make();
    for (int i = 0; i < kFlood; ++i)
        write(log, "192.0.2.7", 1, "reason " + std::to_string(i) + "\n" + std::string(1000, 'x'));
    log.sumUp();
    const auto summary = lines->lines().back();
    BOOST_TEST(summary.find("others 980") != std::string::npos, summary);
    BOOST_TEST(summary.find('\n') == std::string::npos);
    BOOST_TEST(summary.size() < 3000U);
}

BOOST_AUTO_TEST_CASE(threads_may_write_at_once) {
    auto log = make();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] { write(log, "192.0.2.7", kFlood); });
    for (auto& thread : threads)
        thread.join();
    log.sumUp();
    BOOST_TEST(lines->lines().back().find("4,000") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(last_summary_is_written_at_the_end) {
    {
        LimitedLogs logs({.linesPerSecond = 1});
        write(logs.add({.source = kSource, .what = "agents rejected"}), "192.0.2.7", kFlood);
        BOOST_TEST(lines->count("agents rejected: ") == 0U);
    }
    BOOST_TEST(lines->count("agents rejected: 1,000 within ") == 1U);
}

BOOST_AUTO_TEST_CASE(summary_comes_by_itself) {
    LimitedLogs logs({.linesPerSecond = 1, .summary = std::chrono::milliseconds(20)});
    auto& log = logs.add({.source = kSource, .what = "agents rejected"});
    while (lines->count("agents rejected: ") == 0) {
        write(log, "192.0.2.7", kFlood);
        std::this_thread::yield();
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
