// What a client of the front says first, as it comes bit by bit.
#include "net/ClientHello.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using connector::ClientHello;
using Verdict = ClientHello::Verdict;

namespace {

void check(bool condition) {
    if (!condition) std::abort();
}

void checkAlone(const ClientHello& hello, std::size_t received) {
    const bool saysNothing = hello.serverName.empty() && hello.protocols.empty();
    check(hello.verdict == Verdict::Complete || saysNothing);
    check(hello.verdict != Verdict::Incomplete || received < ClientHello::kMost);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    const auto received = std::as_bytes(std::span(input, size));
    const auto all = ClientHello::parse(received);
    checkAlone(all, size);
    // What is seen of a part stays true of the whole.
    for (std::size_t part = 0; part < std::min(size, ClientHello::kMost); ++part) {
        const auto hello = ClientHello::parse(received.first(part));
        checkAlone(hello, part);
        if (hello.verdict == Verdict::Incomplete) continue;
        check(hello.verdict == all.verdict && hello.serverName == all.serverName &&
              hello.protocols == all.protocols);
        break;
    }
    return 0;
}
