#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace connector::test {

/// The bytes of a text, for what reads bytes.
inline std::span<const std::byte> bytesOf(std::string_view text) {
    return std::as_bytes(std::span(text));
}

} // namespace connector::test
