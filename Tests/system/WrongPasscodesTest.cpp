#include "OpenPipe.h"
#include "Waiting.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <future>
#include <vector>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr int kNever = 600000;
constexpr int kPause = 300;
constexpr int kWrong = 3;
constexpr const char* kBadNode = "127.0.0.2";
constexpr const char* kGoodNode = "127.0.0.3";

PipeOptions slowing(int pause) {
    return {.limits = {{"wrong-passcodes", kWrong},
                       {"wrong-passcodes-within", kNever},
                       {"wrong-passcode-pause", pause},
                       {"wrong-passcode-longest-pause", pause == kNever ? kNever : 4 * pause}}};
}

void sendWrongPasscode(const OpenPublicPipe& pipe, const char* from) {
    auto stranger = pipe.connector().connect(pipe.mapping().port1, {.from = from});
    stranger.send(std::string(pipe.mapping().passcode1.size(), '0'));
    BOOST_REQUIRE(isClosedUnanswered(stranger));
}

void sendWrongPasscodes(const OpenPublicPipe& pipe) {
    for (int number = 0; number < kWrong; ++number)
        sendWrongPasscode(pipe, kBadNode);
    pipe.connector().waitForLog("too many wrong passcodes from 127.0.0.2: its connections wait");
}

/// Not even a TLS handshake is done, so this is plain TCP in either mode.
PipeClient unanswered(const OpenPublicPipe& pipe, const char* from) {
    return PipeClient(Poco::Net::SocketAddress("127.0.0.1", pipe.mapping().port1), {.from = from});
}

std::size_t pausesIn(const OpenPublicPipe& pipe, const std::string& text) {
    const auto log = pipe.connector().log();
    std::size_t count = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1))
        ++count;
    return count;
}

void waitForPauses(const OpenPublicPipe& pipe, const std::string& text, std::size_t count) {
    waitUntil(text, [&] { return pausesIn(pipe, text) == count; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(WrongPasscodes)

BOOST_DATA_TEST_CASE(AddressThatIsWrongTooOftenIsNotAnswered, kModes, mode) {
    const OpenPublicPipe pipe(mode, slowing(kNever));
    sendWrongPasscodes(pipe);
    auto slowed = unanswered(pipe, kBadNode);
    slowed.send(pipe.mapping().passcode1); // or else in TLS no handshake, and without TLS the right passcode
    const auto agent = pipe.waitingAgent({.from = kGoodNode});
    BOOST_TEST(slowed.isQuiet());
}

BOOST_DATA_TEST_CASE(AddressIsSlowedAtAllPorts, kModes, mode) {
    const OpenPublicPipe pipe(mode, slowing(kNever));
    for (int number = 1; number < kWrong; ++number)
        sendWrongPasscode(pipe, kBadNode);
    const auto other = pipe.api().addPublic();
    auto stranger = pipe.connector().connect(other.port1, {.from = kBadNode});
    stranger.send(std::string(other.passcode1.size(), '0'));
    BOOST_REQUIRE(isClosedUnanswered(stranger));
    pipe.connector().waitForLog("too many wrong passcodes from 127.0.0.2: its connections wait");
    const auto third = pipe.api().addPublic();
    PipeClient slowed(Poco::Net::SocketAddress("127.0.0.1", third.port1), {.from = kBadNode});
    slowed.send(third.passcode1);
    const auto agent = pipe.connector().agent(third.port1, third.passcode1, {.from = kGoodNode});
    BOOST_TEST(slowed.isQuiet());
}

/// What waits at one port takes no turns of those at another.
BOOST_AUTO_TEST_CASE(SlowedConnectionsOfOnePortDisplaceNoneOfAnother) {
    auto options = slowing(kPause);
    options.limits["authorizing"] = 4;
    options.limits["greeting-first-byte"] = kNever;
    const OpenPublicPipe pipe(Mode::Plain, options);
    const auto other = pipe.api().addPublic();
    sendWrongPasscodes(pipe);
    PipeClient agent(Poco::Net::SocketAddress("127.0.0.1", other.port1), {.from = kBadNode});
    agent.send(other.passcode1);
    std::vector<PipeClient> strangers;
    for (int number = 0; number < 20; ++number)
        strangers.push_back(unanswered(pipe, kBadNode));
    BOOST_TEST(agent.readExactly(10) == "AUTHORIZED");
}

BOOST_DATA_TEST_CASE(FewerWrongPasscodesChangeNothing, kModes, mode) {
    const OpenPublicPipe pipe(mode, slowing(kNever));
    for (int number = 1; number < kWrong; ++number)
        sendWrongPasscode(pipe, kBadNode);
    const auto agent = pipe.waitingAgent({.from = kBadNode});
}

/// However many are wrong before and beside them.
BOOST_DATA_TEST_CASE(RightAgentsBehindASlowedAddressGetIn, kModes, mode) {
    constexpr int kRight = 5;
    const OpenPublicPipe pipe(mode, slowing(kPause));
    for (int round = 0; round < 2; ++round) {
        sendWrongPasscodes(pipe);
        std::vector<std::future<void>> wrong;
        std::vector<std::future<PipeClient>> right;
        for (int number = 0; number < kRight; ++number) {
            wrong.push_back(std::async(std::launch::async, [&pipe] { sendWrongPasscode(pipe, kBadNode); }));
            right.push_back(
                std::async(std::launch::async, [&pipe] { return pipe.agent1({.from = kBadNode}); }));
        }
        for (auto& authorizing : right) {
            auto agent = authorizing.get();
            BOOST_TEST(answersBeat(agent));
        }
        for (auto& stranger : wrong)
            stranger.get();
    }
}

/// Those that say nothing when it is their turn keep no others out.
BOOST_AUTO_TEST_CASE(SilentConnectionsOfASlowedAddressKeepNoAgentOut) {
    auto options = slowing(kPause);
    options.limits["greeting-first-byte"] = kNever;
    options.limits["greeting-rest"] = kNever;
    const OpenPublicPipe pipe(Mode::Plain, options);
    sendWrongPasscodes(pipe);
    std::vector<PipeClient> silent;
    for (int number = 0; number < 10; ++number)
        silent.push_back(unanswered(pipe, kBadNode));
    auto agent = pipe.agent1({.from = kBadNode});
    BOOST_TEST(answersBeat(agent));
}

/// Its end may come at the very moment at which the next one's turn has come.
BOOST_AUTO_TEST_CASE(ConnectionsOfASlowedAddressMayEndAtAnyMoment) {
    OpenPublicPipe pipe(Mode::Plain, {.limits = {{"wrong-passcodes", 1},
                                                 {"wrong-passcodes-within", kNever},
                                                 {"wrong-passcode-pause", 1},
                                                 {"wrong-passcode-longest-pause", 2},
                                                 {"greeting-first-byte", 1},
                                                 {"greeting-rest", 1}}});
    for (int number = 0; number < 200; ++number) {
        const auto from = "127.0.1." + std::to_string(1 + number % 100);
        auto wrong = unanswered(pipe, from.c_str());
        wrong.send(std::string(pipe.mapping().passcode1.size(), '0'));
        wrong.readToEnd();
        auto silent = unanswered(pipe, from.c_str());
        if (number % 2 == 0) silent.readToEnd();
    }
    BOOST_TEST(pipe.connector().process().isRunning());
    BOOST_TEST(pipe.count("agentswaiting") == 0);
}

BOOST_AUTO_TEST_CASE(PauseDoublesUpToTheLongest) {
    const OpenPublicPipe pipe(Mode::Plain, slowing(kPause));
    sendWrongPasscodes(pipe);
    for (const auto* pause : {"wait for 300 ms", "wait for 600 ms", "wait for 1200 ms"}) {
        pipe.connector().waitForLog(pause);
        sendWrongPasscode(pipe, kBadNode);
    }
    waitForPauses(pipe, "wait for 1200 ms", 2);
    BOOST_TEST(pausesIn(pipe, "wait for 2400 ms") == 0);
}

/// They would have to wait as well.
BOOST_AUTO_TEST_CASE(PauseDoesNotDoubleWhereRightAgentsAre) {
    const OpenPublicPipe pipe(Mode::Plain, slowing(kPause));
    const auto agent = pipe.waitingAgent({.from = kBadNode});
    sendWrongPasscodes(pipe);
    for (std::size_t pauses = 1; pauses <= 3; ++pauses) {
        waitForPauses(pipe, "wait for 300 ms", pauses);
        sendWrongPasscode(pipe, kBadNode);
    }
    BOOST_TEST(pausesIn(pipe, "wait for 600 ms") == 0);
}

/// They are descriptors, too.
BOOST_AUTO_TEST_CASE(SlowedConnectionsAreBounded) {
    auto options = slowing(kNever);
    options.limits["authorizing"] = 4;
    OpenPublicPipe pipe(Mode::Plain, options);
    sendWrongPasscodes(pipe);
    std::vector<PipeClient> slowed;
    for (int number = 0; number < 5; ++number)
        slowed.push_back(unanswered(pipe, kBadNode));
    const auto areFour = [&] {
        return std::count_if(slowed.begin(), slowed.end(), [](auto& one) { return one.isQuiet(); }) == 4;
    };
    waitUntil("one is closed", areFour);
    BOOST_TEST(slowed.back().isQuiet(), "an older one goes");
    pipe.api().remove(pipe.mapping().id);
    BOOST_TEST(isClosedUnanswered(slowed.back()));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
