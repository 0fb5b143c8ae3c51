#pragma once

#include "Http2Wire.h"

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace connector::test {

/// In place of a code of GOAWAY: any, or none; the connection just ends.
inline constexpr std::uint32_t kAnyCode = 0xFFFFFFFF;

/// What an agent with the right passcode does to Connector, and what it gets for it.
struct Http2Attack {
    std::string name;
    std::function<void(Http2Wire&)> run;
    /// Codes of GOAWAY, one of which is expected. kAnyCode may be among them.
    std::vector<std::uint32_t> codes;
    /// Codes of RST_STREAM of the attacked stream that are as good, or are expected when `codes` is empty.
    std::vector<std::uint32_t> streamCodes{};
    /// HTTP/2 allows it, or leaves it to Connector: the connection may go on.
    bool isAllowed = false;
};
std::ostream& operator<<(std::ostream& out, const Http2Attack& attack);

/// What an agent that opens streams can do behind its preface and SETTINGS.
std::vector<Http2Attack> attacksByOpeners();

/// What an agent that serves can do with a visitor's stream, behind its SETTINGS.
std::vector<Http2Attack> attacksByServers();

/// What either can send in place of HTTP/2.
std::vector<Http2Attack> attacksWithoutPreface();

/// SETTINGS with these entries.
std::string settingsFrame(const std::string& entries = "");

/// A request for a stream, and data on it.
std::string connectFrame(std::uint32_t stream);
std::string dataFrame(std::uint32_t stream, std::string_view bytes, std::uint8_t flags = NGHTTP2_FLAG_NONE);

/// PING; more of them than an honest peer would send without a word in between.
std::string pingFrame();
inline constexpr std::uint64_t kFlood = 1000000;

} // namespace connector::test
