#include "cli/Readable.h"

#include <array>
#include <iomanip>
#include <sstream>
#include <utility>

namespace connector {

std::string readableBytes(double bytes) {
    constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB", "PB"};
    std::size_t unit = 0;
    // What rounds to 1000 belongs to the next unit.
    while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
        bytes /= 1000;
        ++unit;
    }
    std::ostringstream out;
    out << std::fixed << std::setprecision(unit > 0 && bytes < 9.95 ? 1 : 0) << bytes << " " << kUnits[unit];
    return out.str();
}

std::string readableTime(std::chrono::milliseconds time) {
    constexpr std::array<std::pair<const char*, long long>, 4> kUnits{
        {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}}};
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    std::string result;
    int units = 0;
    for (const auto& [name, length] : kUnits) {
        const bool isLargest = units == 0 && (seconds >= length || length == 1);
        if (!isLargest && units != 1) continue;
        if (isLargest || seconds >= length)
            result += (units == 0 ? "" : " ") + std::to_string(seconds / length) + " " + name;
        seconds %= length;
        ++units;
    }
    return result;
}

} // namespace connector
