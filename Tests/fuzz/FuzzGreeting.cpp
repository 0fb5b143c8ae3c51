// The greeting of a stranger on an agents' port, in either protocol, cut into pieces as the network may cut
// it.
#include "protocol/Greeting.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using connector::Greeting;

namespace {

constexpr std::string_view kPasscode = "0b403b65-c5a0-476f-92f5-ffc7ca0f85ef";
/// The end included.
constexpr std::size_t kMaxLine = 256;

void check(bool condition) {
    if (!condition) std::abort();
}

Greeting::Verdict expectedOfPipe2(std::string_view received) {
    if (received == "PIPE/2 " + std::string(kPasscode) + "\n") return Greeting::Verdict::Pipe2Serves;
    if (received == "PIPE/2 " + std::string(kPasscode) + " open\n") return Greeting::Verdict::Pipe2Opens;
    const bool goesOn = received.find('\n') == std::string_view::npos && received.size() < kMaxLine;
    return goesOn ? Greeting::Verdict::Incomplete : Greeting::Verdict::Refused;
}

Greeting::Verdict expected(std::string_view received) {
    if (received.starts_with("PIPE/2 ")) return expectedOfPipe2(received);
    if (received.size() < kPasscode.size()) return Greeting::Verdict::Incomplete;
    return received == kPasscode ? Greeting::Verdict::Pipe1 : Greeting::Verdict::Refused;
}

} // namespace

/// input: pieces, each a byte that tells its length, and so many bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    std::span<const std::uint8_t> left(input, size);
    std::string received;
    const connector::Passcodes passcodes{std::string(kPasscode), ""};
    Greeting greeting(passcodes);
    while (!left.empty()) {
        const std::size_t length = std::min<std::size_t>(left.front(), left.size() - 1);
        const auto piece = left.subspan(1, length);
        left = left.subspan(1 + length);
        received.append(piece.begin(), piece.end());
        const auto verdict = greeting.add(std::as_bytes(piece));
        check(greeting.hasBegun() || received.empty() || verdict == Greeting::Verdict::Refused);
        check(verdict == expected(received));
        if (verdict != Greeting::Verdict::Incomplete) break;
    }
    return 0;
}
