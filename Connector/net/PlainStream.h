#pragma once

#include "net/SocketStream.h"

namespace connector {

/// A stream straight over TCP.
class PlainStream : public SocketStream {
  public:
    using SocketStream::SocketStream;

    using SocketStream::send;
    Status send(std::span<const std::byte> bytes) override;
    Status sendBoth(std::span<const std::byte> head, std::span<const std::byte> tail) override;
    Status sendMessages(std::span<const std::byte> bytes, std::span<const std::uint32_t> lengths) override;
    Received receive(std::span<std::byte> into) override;
};

} // namespace connector
