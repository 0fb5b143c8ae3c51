#pragma once

#include "ByteChannel.h"

#include <cstdint>
#include <future>
#include <string>

namespace connector::test {

/// An endless stream, the same for the same seed, of what could be mistaken for something else than payload:
/// the words of both protocols and random bytes between them, in writes of random sizes.
class TokenStream {
  public:
    explicit TokenStream(std::uint64_t seed) : _state(seed) {}

    /// What the next write consists of.
    std::string nextWrite();

  private:
    std::uint64_t random(std::uint64_t limit);

    std::uint64_t _state;
};

/// Sends at least this many bytes of the stream with this seed, with pauses in which the connection is idle
/// for some heartbeats.
std::future<void> startSendingTokens(ByteChannel& client, std::uint64_t seed, std::uint64_t size);

/// Receives as many and compares them; get() throws when one of them is another.
std::future<void> startReceivingTokens(ByteChannel& client, std::uint64_t seed, std::uint64_t size);

} // namespace connector::test
