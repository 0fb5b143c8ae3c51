#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace connector {

/// What a TLS client says first (RFC 8446, section 4.1.2), as far as it tells where the client wants to go. A
/// value.
struct ClientHello {
    enum class Verdict {
        Incomplete, ///< the rest has still to come
        Complete,
        Other, ///< what is there is no ClientHello, or a longer one than any client's, or malformed
    };

    /// The most bytes that are looked at; real ones have some hundred to 2,000.
    static constexpr std::size_t kMost = 16 * 1024;

    Verdict verdict = Verdict::Incomplete;
    /// Incomplete: with less than so many bytes it stays so, or is Other.
    std::size_t needed = 0;
    /// The server's name (RFC 6066), as plainHostName() has it; "" when it says none.
    std::string serverName{};
    /// The protocols that it offers (ALPN, RFC 7301).
    std::vector<std::string> protocols{};

    bool offers(std::string_view protocol) const;

    /// bytes: all that has come so far, or the first kMost of it.
    static ClientHello parse(std::span<const std::byte> bytes);
};

} // namespace connector
