#include "cli/Output.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

namespace connector {

void printJson(const Poco::JSON::Object& object, std::ostream& out) {
    object.stringify(out, 2);
    out << '\n';
}

void printLines(const std::vector<std::pair<std::string, std::string>>& lines, std::ostream& out) {
    std::size_t width = 0;
    for (const auto& [name, value] : lines)
        width = std::max(width, name.size());
    for (const auto& [name, value] : lines)
        out << std::left << std::setw(static_cast<int>(width)) << name << "  " << value << '\n';
}

void printMembers(const Poco::JSON::Object& object,
                  const std::vector<std::pair<std::string, std::string>>& names, std::ostream& out) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const auto& [key, name] : names) {
        const auto value = object.optValue<std::string>(key, "");
        if (!value.empty()) lines.emplace_back(name, value);
    }
    printLines(lines, out);
}

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
