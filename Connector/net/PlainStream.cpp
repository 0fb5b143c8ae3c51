#include "net/PlainStream.h"

namespace connector {

Stream::Status PlainStream::send(std::span<const std::byte> bytes) {
    return sendWire(bytes);
}

Stream::Status PlainStream::sendBoth(std::span<const std::byte> head, std::span<const std::byte> tail) {
    return sendWire(head, tail);
}

Stream::Status PlainStream::sendMessages(std::span<const std::byte> bytes,
                                         std::span<const std::uint32_t> lengths) {
    auto status = Status::Ok;
    for (const auto length : lengths) {
        status = sendWire(bytes.first(length));
        if (status == Status::Failed) return status;
        bytes = bytes.subspan(length);
    }
    return status;
}

Stream::Received PlainStream::receive(std::span<std::byte> into) {
    return receiveWire(into);
}

} // namespace connector
