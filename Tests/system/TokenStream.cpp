#include "TokenStream.h"

#include "RandomStream.h"

#include <array>
#include <thread>

namespace connector::test {

namespace {

/// A frame of SETTINGS, and one of GOAWAY, are among them.
const std::array<std::string, 7> kTokens{"BEAT",
                                         "BEATBEAT",
                                         "AUTHORIZED",
                                         "PIPE/2 x open\n",
                                         "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                         std::string("\0\0\0\4\0\0\0\0\0", 9),
                                         std::string("\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\2", 17)};
constexpr std::uint64_t kMaxRandom = 200;
constexpr std::uint64_t kMaxWrite = 64U << 10U;
/// Most writes of interactive programs are small.
constexpr std::uint64_t kSmallWrite = 64;
constexpr std::uint64_t kPauses = 8;
/// Several heartbeats of 50 ms.
constexpr std::chrono::milliseconds kPause{180};

void sendTokens(ByteChannel& client, std::uint64_t seed, std::uint64_t size) {
    TokenStream stream(seed);
    std::uint64_t pauses = 0;
    for (std::uint64_t sent = 0; sent < size;) {
        const auto write = stream.nextWrite();
        client.send(write);
        sent += write.size();
        if (sent * kPauses / size == pauses) continue;
        std::this_thread::sleep_for(kPause);
        pauses = sent * kPauses / size;
    }
}

void receiveTokens(ByteChannel& client, std::uint64_t seed, std::uint64_t size) {
    TokenStream stream(seed);
    for (std::uint64_t received = 0; received < size;) {
        const auto expected = stream.nextWrite();
        if (client.readExactly(expected.size()) != expected)
            throw std::runtime_error("what came behind byte " + std::to_string(received) +
                                     " is not what was sent");
        received += expected.size();
    }
}

} // namespace

std::string TokenStream::nextWrite() {
    const auto size = 1 + random(random(2) == 0 ? kSmallWrite : kMaxWrite);
    std::string write;
    while (write.size() < size) {
        const auto token = random(kTokens.size() + 1);
        if (token < kTokens.size())
            write += kTokens.at(token);
        else
            write += randomBytes(1 + random(kMaxRandom), _state);
    }
    return write;
}

/// A number below the limit.
std::uint64_t TokenStream::random(std::uint64_t limit) {
    constexpr std::uint64_t kMultiplier = 6364136223846793005U;
    constexpr std::uint64_t kIncrement = 1442695040888963407U;
    _state = _state * kMultiplier + kIncrement;
    return (_state >> 33U) % limit;
}

std::future<void> startSendingTokens(ByteChannel& client, std::uint64_t seed, std::uint64_t size) {
    return std::async(std::launch::async, [&client, seed, size] { sendTokens(client, seed, size); });
}

std::future<void> startReceivingTokens(ByteChannel& client, std::uint64_t seed, std::uint64_t size) {
    return std::async(std::launch::async, [&client, seed, size] { receiveTokens(client, seed, size); });
}

} // namespace connector::test
