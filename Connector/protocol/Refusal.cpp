#include "protocol/Refusal.h"

#include <algorithm>

namespace connector {

namespace {

constexpr std::string_view kRefused = "REFUSED ";
constexpr std::string_view kInstance = "instance=";

bool isPrintable(char character) {
    return character >= ' ' && character <= '~';
}

} // namespace

std::string Refusal::toString() const {
    const auto item = instance.empty() ? "" : std::string(kInstance) + instance + " ";
    return std::string(kRefused) + item + reason + "\n";
}

std::optional<Refusal> Refusal::parse(std::string_view line) {
    if (!line.starts_with(kRefused) || !std::all_of(line.begin(), line.end(), isPrintable))
        return std::nullopt;
    line.remove_prefix(kRefused.size());
    Refusal refusal;
    if (const auto end = line.find(' '); line.starts_with(kInstance) && end != std::string_view::npos) {
        refusal.instance = line.substr(kInstance.size(), end - kInstance.size());
        line.remove_prefix(end + 1);
    }
    refusal.reason = line;
    return refusal;
}

} // namespace connector
