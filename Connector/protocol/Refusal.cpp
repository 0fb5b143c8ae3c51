#include "protocol/Refusal.h"

#include <algorithm>

namespace connector {

namespace {

constexpr std::string_view kRefused = "REFUSED ";

bool isPrintable(char character) {
    return character >= ' ' && character <= '~';
}

} // namespace

std::string Refusal::toString() const {
    return std::string(kRefused) + reason + "\n";
}

std::optional<Refusal> Refusal::parse(std::string_view line) {
    if (!line.starts_with(kRefused) || !std::all_of(line.begin(), line.end(), isPrintable))
        return std::nullopt;
    return Refusal{std::string(line.substr(kRefused.size()))};
}

} // namespace connector
