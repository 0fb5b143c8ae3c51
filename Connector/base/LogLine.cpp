#include "base/LogLine.h"

#include <Poco/NumberFormatter.h>

#include <algorithm>
#include <array>
#include <cassert>

namespace connector {

namespace {

constexpr std::array kKeys{LogKey{"action"},        LogKey{"mapping"},        LogKey{"label"},
                           LogKey{"name"},          LogKey{"type"},           LogKey{"port", true},
                           LogKey{"port1", true},   LogKey{"port2", true},    LogKey{"connection", true},
                           LogKey{"agent"},         LogKey{"agent2"},         LogKey{"visitor"},
                           LogKey{"bytesin", true}, LogKey{"bytesout", true}, LogKey{"seconds", true},
                           LogKey{"change"},        LogKey{"identity"},       LogKey{"address"},
                           LogKey{"request"},       LogKey{"status", true},   LogKey{"reason"}};

} // namespace

std::span<const LogKey> logKeys() {
    return kKeys;
}

LogLine& LogLine::with(const char* key, const std::string& value) {
    assert(std::any_of(kKeys.begin(), kKeys.end(),
                       [&](const auto& one) { return key == std::string(one.name); }));
    if (!value.empty()) _fields[key] = value;
    return *this;
}

LogLine& LogLine::withSeconds(double seconds) {
    constexpr int kPrecision = 3;
    return with("seconds", Poco::NumberFormatter::format(seconds, kPrecision));
}

void LogLine::write(Poco::Logger& log, Poco::Message::Priority priority) const {
    Poco::Message message(log.name(), _text, priority);
    for (const auto& [key, value] : _fields)
        message.set(key, value);
    log.log(message);
}

} // namespace connector
