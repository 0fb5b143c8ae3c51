#include "ByteChannel.h"

#include <algorithm>
#include <array>

namespace connector::test {

namespace {

constexpr std::size_t kChunk = 65536;

} // namespace

std::string ByteChannel::readExactly(std::size_t size) {
    std::string data(size, '\0');
    for (std::size_t filled = 0; filled < size;) {
        const auto got = receive(data.data() + filled, size - filled);
        if (got == 0)
            throw ConnectionLost("closed after " + std::to_string(filled) + " of " + std::to_string(size) +
                                 " bytes: \"" + data.substr(0, std::min<std::size_t>(filled, 80)) + "\"");
        filled += got;
    }
    return data;
}

std::string ByteChannel::readToEnd() {
    std::string data;
    std::string chunk(kChunk, '\0');
    while (const auto got = receive(chunk.data(), chunk.size()))
        data.append(chunk, 0, got);
    return data;
}

std::uint64_t ByteChannel::skipToEnd() {
    std::uint64_t skipped = 0;
    std::string chunk(kChunk, '\0');
    while (const auto got = receive(chunk.data(), chunk.size()))
        skipped += got;
    return skipped;
}

std::string ByteChannel::readThrough(std::string_view text) {
    std::string data;
    while (!data.ends_with(text))
        data += readExactly(1);
    return data;
}

std::ostream& operator<<(std::ostream& out, ByteChannel::End end) {
    constexpr std::array names{"open", "orderly", "truncated", "reset"};
    return out << names.at(static_cast<std::size_t>(end));
}

} // namespace connector::test
