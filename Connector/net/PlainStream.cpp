#include "net/PlainStream.h"

namespace connector {

Stream::Status PlainStream::send(std::span<const std::byte> bytes) {
    return sendWire(bytes);
}

Stream::Received PlainStream::receive(std::span<std::byte> into) {
    return receiveWire(into);
}

} // namespace connector
