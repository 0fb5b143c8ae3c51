#include "RandomStream.h"

#include <algorithm>
#include <cstring>

namespace connector::test {

namespace {

constexpr std::uint64_t kBlock = 65536;

/// splitmix64.
std::uint64_t nextWord(std::uint64_t& state) {
    std::uint64_t word = state += 0x9E3779B97F4A7C15U;
    word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
    word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
    return word ^ (word >> 31U);
}

void requireEqual(const std::string& got, const std::string& expected, std::uint64_t offset) {
    if (got == expected) return;
    const auto at = std::mismatch(got.begin(), got.end(), expected.begin()).first - got.begin();
    throw std::runtime_error("byte " + std::to_string(offset + static_cast<std::uint64_t>(at)) +
                             " is not the one that was sent");
}

} // namespace

void RandomStream::fill(std::string& block) {
    for (std::size_t at = 0; at < block.size(); at += sizeof(std::uint64_t)) {
        const auto word = nextWord(_state);
        std::memcpy(block.data() + at, &word, std::min(sizeof(word), block.size() - at));
    }
}

std::string randomBytes(std::size_t size, std::uint64_t seed) {
    std::string bytes(size, '\0');
    RandomStream(seed).fill(bytes);
    return bytes;
}

void sendRandom(ByteChannel& client, std::uint64_t seed, std::uint64_t size) {
    RandomStream stream(seed);
    std::string block;
    for (std::uint64_t sent = 0; sent < size; sent += block.size()) {
        block.resize(std::min(kBlock, size - sent));
        stream.fill(block);
        client.send(block);
    }
}

void receiveRandom(ByteChannel& client, std::uint64_t seed, std::uint64_t size) {
    RandomStream stream(seed);
    std::string expected;
    for (std::uint64_t received = 0; received < size; received += expected.size()) {
        expected.resize(std::min(kBlock, size - received));
        stream.fill(expected);
        requireEqual(client.readExactly(expected.size()), expected, received);
    }
}

std::future<void> startSending(ByteChannel& client, std::uint64_t seed, std::uint64_t size) {
    return std::async(std::launch::async, [&client, seed, size] { sendRandom(client, seed, size); });
}

std::future<void> startReceiving(ByteChannel& client, std::uint64_t seed, std::uint64_t size) {
    return std::async(std::launch::async, [&client, seed, size] { receiveRandom(client, seed, size); });
}

} // namespace connector::test
