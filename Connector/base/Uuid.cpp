#include "base/Uuid.h"

#include <Poco/UUID.h>

#include <array>
#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace connector {

std::string randomUuid() {
    std::array<unsigned char, 16> bytes{};
    // Requests of up to 256 bytes are never cut short (getrandom(2)).
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        throw std::system_error(errno, std::generic_category(), "getrandom");
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U); // version 4
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U); // RFC variant
    Poco::UUID uuid;
    uuid.copyFrom(reinterpret_cast<const char*>(bytes.data()));
    return uuid.toString();
}

bool isUuid(const std::string& text) {
    constexpr std::size_t kLength = 36; // POCO takes one without hyphens, too
    return text.size() == kLength && Poco::UUID().tryParse(text);
}

} // namespace connector
