#include "Waiting.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace connector::test {

namespace {

constexpr std::chrono::milliseconds kPollInterval{2};
constexpr std::chrono::milliseconds kStallTime{250};

double scale() {
    const char* given = std::getenv("CONNECTOR_TEST_SCALE");
    return given == nullptr ? 1.0 : std::atof(given);
}

} // namespace

Deadline::Deadline(std::chrono::milliseconds patience) : _end(std::chrono::steady_clock::now() + patience) {}

bool Deadline::passed() const {
    return std::chrono::steady_clock::now() >= _end;
}

int Deadline::milliseconds() const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(_end - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void waitUntil(const std::string& what, const std::function<bool()>& condition,
               std::chrono::milliseconds patience) {
    const Deadline deadline(patience);
    while (!condition()) {
        if (deadline.passed()) throw TimedOut("waited in vain: " + what);
        std::this_thread::sleep_for(kPollInterval);
    }
}

void waitUntilStalled(const std::string& what, const std::function<std::uint64_t()>& value) {
    auto last = value();
    auto since = std::chrono::steady_clock::now();
    waitUntil(what + " stands still", [&] {
        const auto now = std::chrono::steady_clock::now();
        if (const auto current = value(); current != last) {
            last = current;
            since = now;
        }
        return now - since >= kStallTime;
    });
}

std::uint64_t scaled(std::uint64_t full) {
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(full) * scale()));
}

bool isScaledDown() {
    return scale() < 1.0;
}

} // namespace connector::test
