// The PROXY header that a connection from a trusted proxy begins with, and what follows it, as it comes bit
// by bit.
#include "net/IncomingProxyHeader.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using connector::IncomingProxyHeader;
using Verdict = IncomingProxyHeader::Verdict;

namespace {

void check(bool condition) {
    if (!condition) std::abort();
}

void checkAlone(const IncomingProxyHeader& header, std::size_t received) {
    check(header.problem.empty() == (header.verdict != Verdict::Malformed));
    check((header.length > 0) == (header.verdict == Verdict::Complete));
    check(header.length <= std::min(received, IncomingProxyHeader::kMost));
    check(!header.source || header.verdict == Verdict::Complete);
    check(header.verdict != Verdict::Incomplete || received < IncomingProxyHeader::kMost);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    const auto received = std::as_bytes(std::span(input, size));
    const auto all = IncomingProxyHeader::parse(received);
    checkAlone(all, size);
    // What is seen of a part stays true of the whole, and a complete header is complete at its last byte.
    for (std::size_t part = 0; part < std::min(size, IncomingProxyHeader::kMost + 1); ++part) {
        const auto header = IncomingProxyHeader::parse(received.first(part));
        checkAlone(header, part);
        if (all.verdict == Verdict::Complete)
            check((header.verdict == Verdict::Complete) == (part >= all.length));
        if (header.verdict == Verdict::Incomplete) continue;
        check(header.verdict == all.verdict && header.length == all.length && header.source == all.source);
        break;
    }
    return 0;
}
