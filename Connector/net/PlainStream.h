#pragma once

#include "net/Stream.h"

namespace connector {

/// A stream straight over TCP.
class PlainStream : public Stream {
  public:
    using Stream::Stream;

    using Stream::send;
    Status send(std::span<const std::byte> bytes) override;
    Status sendMessages(std::span<const std::byte> bytes, std::span<const std::uint32_t> lengths) override;
    Received receive(std::span<std::byte> into) override;
};

} // namespace connector
