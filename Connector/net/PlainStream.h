#pragma once

#include "net/Stream.h"

namespace connector {

/// A stream straight over TCP.
class PlainStream : public Stream {
  public:
    using Stream::Stream;

    using Stream::send;
    Status send(std::span<const std::byte> bytes) override;
    Received receive(std::span<std::byte> into) override;
};

} // namespace connector
