#pragma once

#include "ByteChannel.h"

#include <cstdint>
#include <future>
#include <string>

namespace connector::test {

/// An endless stream of pseudo-random bytes, the same for the same seed: both ends of a pipe make it for
/// themselves, so that gigabytes can be compared byte by byte without being kept.
class RandomStream {
  public:
    explicit RandomStream(std::uint64_t seed) : _state(seed) {}

    /// The next bytes. Only calls with the same sizes in the same order give the same bytes.
    void fill(std::string& block);

  private:
    std::uint64_t _state;
};

/// Random bytes for tests that need only a few.
std::string randomBytes(std::size_t size, std::uint64_t seed);

/// Sends this many bytes of the stream with this seed.
void sendRandom(ByteChannel& client, std::uint64_t seed, std::uint64_t size);

/// Receives this many bytes and compares them. Throws when one of them is another, saying where.
void receiveRandom(ByteChannel& client, std::uint64_t seed, std::uint64_t size);

/// The same, in a thread of its own; get() throws what they threw.
std::future<void> startSending(ByteChannel& client, std::uint64_t seed, std::uint64_t size);
std::future<void> startReceiving(ByteChannel& client, std::uint64_t seed, std::uint64_t size);

} // namespace connector::test
