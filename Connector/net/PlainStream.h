#pragma once

#include "net/Stream.h"

namespace connector {

/// A stream straight over TCP.
class PlainStream : public Stream {
  public:
    using Stream::Stream;

    Received receive(std::span<std::byte> into) override;

  protected:
    Received sendSome(std::span<const std::byte> bytes) override;
};

} // namespace connector
