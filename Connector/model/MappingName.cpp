#include "model/MappingName.h"

#include <algorithm>

namespace connector {

bool isLabel(const std::string& text) {
    constexpr std::size_t kLongest = 63;
    const auto isAllowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.size() <= kLongest && text.front() != '-' && text.back() != '-' &&
           std::all_of(text.begin(), text.end(), isAllowed);
}

} // namespace connector
