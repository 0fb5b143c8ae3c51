#include "app/PortRanges.h"

#include "base/JsonFields.h"

#include <Poco/NumberParser.h>

#include <algorithm>
#include <map>

namespace connector {

namespace {

struct Range {
    unsigned first;
    unsigned last;
};

unsigned portOf(const std::string& text, const std::string& range) {
    unsigned port = 0;
    const bool isNumber =
        !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!isNumber || !Poco::NumberParser::tryParseUnsigned(text, port) || port < 1 || port > 65535)
        throw FieldError("\"" + range +
                         "\" is not a port from 1 to 65535 or a range of them such as \"6000-6050\"");
    return port;
}

Range rangeOf(const std::string& text) {
    const auto dash = text.find('-');
    if (dash == std::string::npos) {
        const auto port = portOf(text, text);
        return {port, port};
    }
    const Range range{portOf(text.substr(0, dash), text), portOf(text.substr(dash + 1), text)};
    if (range.first > range.last)
        throw FieldError("\"" + text + "\" runs backwards; it must be \"" + std::to_string(range.last) + "-" +
                         std::to_string(range.first) + "\"");
    return range;
}

} // namespace

std::vector<std::uint16_t> portsOf(const std::vector<std::string>& ranges) {
    std::map<std::uint16_t, std::string> ports;
    for (const auto& text : ranges) {
        const auto range = rangeOf(text);
        for (auto port = range.first; port <= range.last; ++port) {
            const auto [found, isNew] = ports.emplace(static_cast<std::uint16_t>(port), text);
            if (!isNew)
                throw FieldError("\"" + text + "\" overlaps \"" + found->second + "\" at port " +
                                 std::to_string(port) + "; each port may be named once");
        }
    }
    std::vector<std::uint16_t> result;
    for (const auto& [port, text] : ports)
        result.push_back(port);
    return result;
}

} // namespace connector
