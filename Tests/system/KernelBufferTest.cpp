#include "Commands.h"
#include "KernelSockets.h"
#include "OpenPipe.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

constexpr int kCap = 65536;
/// What the kernel makes of it, for its bookkeeping (socket(7)).
constexpr std::size_t kDoubled = 2 * kCap;
/// It notices that there is too much when the last packet is in, which has up to 64 KiB on loopback.
constexpr std::size_t kLastPacket = 80 * 1024;

/// Sends until nothing is taken any more.
void stall(const OpenPipe& pipe, PipeClient& sender) {
    const std::string much(256 * 1024, 'x');
    while (sender.sendSome(much) == much.size()) {
    }
    pipe.waitUntilRelaysStall();
}

} // namespace

BOOST_AUTO_TEST_SUITE(KernelBuffer)

BOOST_DATA_TEST_CASE(StalledRelayKeepsNoMoreInTheKernel, kModes, mode) {
    const OpenPublicPipe pipe(mode, {.limits = {{"kernel-buffer", kCap}}});
    auto [visitor, agent] = pipe.relay();
    stall(pipe, agent);
    const auto toVisitor = socketMemory(pipe.mapping().port2, visitor.localPort());
    const auto fromAgent = socketMemory(pipe.mapping().port1, agent.localPort());
    for (const auto& memory : {toVisitor, fromAgent}) {
        BOOST_TEST(memory.mostReceived == kDoubled);
        BOOST_TEST(memory.mostToSend == kDoubled);
        BOOST_TEST(memory.received <= kDoubled + kLastPacket);
        BOOST_TEST(memory.toSend <= kDoubled + kLastPacket);
    }
    BOOST_TEST(toVisitor.toSend > 0, "it is stalled");
    BOOST_TEST(fromAgent.received > 0);
}

BOOST_DATA_TEST_CASE(WithoutItTheKernelDecides, kModes, mode) {
    const OpenPublicPipe pipe(mode);
    auto [visitor, agent] = pipe.relay();
    stall(pipe, agent);
    const auto toVisitor = socketMemory(pipe.mapping().port2, visitor.localPort());
    const auto fromAgent = socketMemory(pipe.mapping().port1, agent.localPort());
    BOOST_TEST(toVisitor.toSend + fromAgent.received > 4 * kDoubled);
}

BOOST_AUTO_TEST_CASE(RelaysStillCarryEverything) {
    const OpenPublicPipe pipe(Mode::Plain, {.limits = {{"kernel-buffer", 16384}}});
    auto [visitor, agent] = pipe.relay();
    BOOST_TEST(areJoined(visitor, agent));
    stall(pipe, agent);
    agent.close();
    BOOST_TEST(visitor.skipToEnd() > 16384);
}

BOOST_AUTO_TEST_CASE(LessThanAMessageIsAnError) {
    ConnectorSetup setup;
    for (const int bytes : {1, 16383, -1}) {
        const auto finished = runCommand(setup.set("limits.kernel-buffer", bytes), {"check"});
        BOOST_TEST(hasFailed(finished, kConfig, {"limits.kernel-buffer", std::to_string(bytes)}),
                   shown(finished));
    }
    BOOST_TEST(runCommand(setup.set("limits.kernel-buffer", 16384), {"check"}).exitCode == 0);
}

BOOST_AUTO_TEST_CASE(CheckWarnsOfMoreThanTheKernelGives) {
    ConnectorSetup setup;
    const auto finished = runCommand(setup.set("limits.kernel-buffer", 1 << 29), {"check"});
    BOOST_TEST(says(finished, "is more than net.core.rmem_max"), shown(finished));
    BOOST_TEST(says(finished, "is more than net.core.wmem_max"), shown(finished));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
