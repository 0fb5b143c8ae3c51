#include "protocol/Authorization.h"

#include <charconv>
#include <cstdint>

namespace connector {

namespace {

constexpr std::string_view kAuthorized = "AUTHORIZED/2";

std::optional<std::int32_t> number(std::string_view text) {
    std::int32_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool isNumber = read.ec == std::errc() && read.ptr == text.data() + text.size() && value >= 0;
    return isNumber ? std::optional(value) : std::nullopt;
}

} // namespace

std::string Authorization::toString() const {
    return std::string(kAuthorized) + " heartbeat=" + std::to_string(heartbeat.count()) +
           " connections=" + std::to_string(connections) + " streams=" + std::to_string(streams) +
           (instance.empty() ? "" : " instance=" + instance) + "\n";
}

std::optional<Authorization> Authorization::parse(std::string_view line) {
    if (!line.starts_with(kAuthorized)) return std::nullopt;
    line.remove_prefix(kAuthorized.size());
    Authorization authorization;
    while (!line.empty()) {
        if (line.front() != ' ') return std::nullopt;
        line.remove_prefix(1);
        const auto item = line.substr(0, line.find(' '));
        line.remove_prefix(item.size());
        const auto equals = item.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const auto key = item.substr(0, equals);
        const auto text = item.substr(equals + 1);
        if (key == "instance") authorization.instance = text;
        if (key != "heartbeat" && key != "connections" && key != "streams") continue;
        const auto value = number(text);
        if (!value) return std::nullopt;
        if (key == "heartbeat") authorization.heartbeat = std::chrono::milliseconds(*value);
        if (key == "connections") authorization.connections = static_cast<std::size_t>(*value);
        if (key == "streams") authorization.streams = static_cast<std::size_t>(*value);
    }
    return authorization;
}

} // namespace connector
