#include "cli/Members.h"

#include <algorithm>
#include <iomanip>

namespace connector {

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

} // namespace connector
