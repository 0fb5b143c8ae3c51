#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace connector {

/// An HTTP proxy: it is asked to connect to a place (CONNECT, RFC 9110), and from its answer on all bytes go
/// through. A value.
struct HttpProxy {
    /// What an error says of a text that parse() can't read; the text itself has no place there, as there is
    /// a password in it.
    static constexpr const char* kForm = "http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; in user and "
                                         "password, % is %25, @ is %40, : is %3A and / is %2F";

    std::string host; ///< a name or an address, without brackets
    std::uint16_t port = 0;
    /// "user:password", as Basic authentication has them; empty: none. Never to be logged.
    std::string credentials;

    bool operator==(const HttpProxy&) const = default;

    /// Reads a URL; "http://" may be left out, and so may the port, which is 80 then. Nothing when it is none
    /// of an HTTP proxy.
    static std::optional<HttpProxy> parse(const std::string& url);

    /// "host:port", for messages.
    std::string name() const;

    /// A place as proxies are asked for it: "host:port", an IPv6 address in brackets. host: without them.
    static std::string target(const std::string& host, std::uint16_t port);

    /// What it is sent. target: as above.
    std::string request(const std::string& target) const;

    /// What its answer refuses with, in printable characters and not many: its status and reason; empty when
    /// it has connected. head: all of the answer up to the empty line.
    std::string refusalIn(const std::string& head) const;
};

} // namespace connector
