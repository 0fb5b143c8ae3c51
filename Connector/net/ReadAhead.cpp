#include "net/ReadAhead.h"

#include <algorithm>
#include <cstring>

namespace connector {

thread_local std::unique_ptr<ReadAhead::Buffer> ReadAhead::_spare;

std::span<std::byte> ReadAhead::room() {
    if (!_buffer) _buffer = _spare ? std::move(_spare) : std::make_unique_for_overwrite<Buffer>();
    return *_buffer;
}

void ReadAhead::filled(std::size_t bytes) {
    _begin = 0;
    _end = bytes;
    if (isEmpty()) release();
}

std::size_t ReadAhead::take(std::span<std::byte> into) {
    const auto bytes = std::min(into.size(), _end - _begin);
    if (bytes == 0) return 0;
    std::memcpy(into.data(), _buffer->data() + _begin, bytes);
    _begin += bytes;
    if (isEmpty()) release();
    return bytes;
}

void ReadAhead::release() {
    if (_buffer) _spare = std::move(_buffer);
}

} // namespace connector
