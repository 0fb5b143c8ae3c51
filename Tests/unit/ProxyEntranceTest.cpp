#include "net/ProxyEntrance.h"

#include "net/EventLoops.h"
#include "net/LimitedLogs.h"

#include <boost/test/unit_test.hpp>

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <array>
#include <fcntl.h>
#include <future>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

using connector::Descriptor;
using connector::DescriptorBudget;
using connector::EventLoop;
using connector::EventLoops;
using connector::Network;
using connector::TrustedProxies;

namespace {

const std::string kHeader = "PROXY TCP4 203.0.113.7 192.0.2.9 4711 443\r\n";
const std::string kUnknown = "PROXY UNKNOWN\r\n";
const std::string kLocal("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
constexpr std::chrono::seconds kPatience{30};

TrustedProxies trusting(const std::string& network) {
    TrustedProxies proxies;
    proxies.networks.push_back(Network::parse(network).value());
    proxies.headerTime = 10 * kPatience;
    return proxies;
}

/// Whom an entrance leads to.
struct Inside final : connector::Acceptor {
    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease) override {
        sockets.push_back(std::move(socket));
        peers.push_back(peer.toString());
    }

    std::vector<Descriptor> sockets;
    std::vector<std::string> peers;
};

/// An entrance on a loop that runs, with the connections that a test makes to it.
class Entrance {
  public:
    explicit Entrance(const TrustedProxies& proxies = trusting("127.0.0.0/8"))
        : _proxies(proxies), _log(_logs.add({.source = "test", .what = "connections closed"})) {
        onLoop([&] { _entrance.emplace(_loops.at(0), _proxies, _inside, _log); });
    }
    ~Entrance() {
        onLoop([&] { _entrance.reset(); });
    }

    /// A connection that the entrance was given, as one from there, or from where it is.
    Poco::Net::StreamSocket connect(const std::string& from = "") {
        Poco::Net::StreamSocket client;
        client.connect(_server.address());
        client.setNoDelay(true);
        client.setReceiveTimeout(Poco::Timespan(std::chrono::seconds(kPatience).count(), 0));
        auto accepted = _server.acceptConnection();
        Descriptor socket(::fcntl(accepted.impl()->sockfd(), F_DUPFD_CLOEXEC, 0));
        accepted.close();
        const auto peer = from.empty() ? client.address() : Poco::Net::SocketAddress(from);
        onLoop([&] { _entrance->onAccepted(std::move(socket), peer, {}); });
        return client;
    }

    /// Those handed on by now.
    std::vector<std::string> peers() {
        std::vector<std::string> result;
        onLoop([&] { result = _inside.peers; });
        return result;
    }

    /// Those handed on, once there are so many.
    std::vector<std::string> waitForPeers(std::size_t count = 1) {
        waitUntil([&] { return peers().size() >= count; });
        return peers();
    }

    /// What the latest one that was handed on finds to be received, once there is something.
    std::string unread() {
        std::array<char, 100> bytes{};
        ssize_t received = 0;
        waitUntil([&] {
            onLoop([&] {
                received = ::recv(_inside.sockets.back().get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
            });
            return received >= 0;
        });
        return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(received, 0))};
    }

    bool isEmpty() {
        bool result = false;
        onLoop([&] { result = _entrance->count() == 0; });
        return result;
    }

    void closeAll() {
        onLoop([&] { _entrance->closeAll(); });
    }

    void trust(const TrustedProxies& proxies) { _proxies.replace(proxies); }

  private:
    template <class Condition>
    static void waitUntil(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (!condition() && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
    }

    template <class Function>
    void onLoop(Function function) {
        std::promise<void> done;
        _loops.at(0).post([&] {
            function();
            done.set_value();
        });
        done.get_future().wait();
    }

    EventLoops _loops{1, "test"};
    connector::LimitedLogs _logs{connector::LogLimits()};
    connector::Reloadable<TrustedProxies> _proxies;
    connector::LimitedLog& _log;
    Poco::Net::ServerSocket _server{Poco::Net::SocketAddress("127.0.0.1", 0)};
    Inside _inside;
    std::optional<connector::ProxyEntrance> _entrance;
};

void send(Poco::Net::StreamSocket& client, const std::string& bytes) {
    const auto size = static_cast<int>(bytes.size());
    BOOST_REQUIRE(client.sendBytes(bytes.data(), size) == size);
}

/// Whether the entrance closes it, unanswered.
bool isClosed(Poco::Net::StreamSocket& client) {
    try {
        char byte = 0;
        return client.receiveBytes(&byte, 1) == 0;
    } catch (const Poco::TimeoutException&) {
        return false;
    } catch (const Poco::Exception&) { // reset: what it had sent was not read
        return true;
    }
}

using Peers = std::vector<std::string>;

} // namespace

BOOST_TEST_SPECIALIZED_COLLECTION_COMPARE(Peers)

BOOST_AUTO_TEST_SUITE(ProxyEntrance)

BOOST_AUTO_TEST_CASE(hands_on_whom_the_header_names_with_what_follows) {
    Entrance entrance;
    auto client = entrance.connect();
    send(client, kHeader + "payload");
    BOOST_TEST(entrance.waitForPeers() == Peers{"203.0.113.7:4711"});
    BOOST_TEST(entrance.unread() == "payload");
    BOOST_TEST(entrance.isEmpty());
}

BOOST_AUTO_TEST_CASE(header_may_come_byte_by_byte) {
    Entrance entrance;
    auto client = entrance.connect();
    for (const char byte : kHeader) {
        BOOST_TEST(entrance.peers() == Peers{});
        BOOST_TEST(!entrance.isEmpty());
        send(client, std::string(1, byte));
    }
    BOOST_TEST(entrance.waitForPeers() == Peers{"203.0.113.7:4711"});
    send(client, "payload");
    BOOST_TEST(entrance.unread() == "payload");
}

BOOST_AUTO_TEST_CASE(who_is_not_trusted_is_handed_on_unread) {
    Entrance entrance(trusting("192.0.2.0/24"));
    auto client = entrance.connect();
    BOOST_TEST(entrance.waitForPeers() == Peers{client.address().toString()});
    send(client, kHeader);
    BOOST_TEST(entrance.unread() == kHeader);
}

BOOST_AUTO_TEST_CASE(trust_may_change) {
    Entrance entrance(TrustedProxies{});
    auto first = entrance.connect();
    entrance.trust(trusting("127.0.0.0/8"));
    auto second = entrance.connect();
    send(second, kHeader);
    BOOST_TEST(entrance.waitForPeers(2) == (Peers{first.address().toString(), "203.0.113.7:4711"}));
}

BOOST_AUTO_TEST_CASE(proxys_own_is_handed_on_as_such_when_it_says_something) {
    for (const auto& header : {kUnknown, kLocal}) {
        Entrance entrance;
        auto client = entrance.connect();
        send(client, header);
        send(client, "payload");
        BOOST_TEST(entrance.waitForPeers() == Peers{client.address().toString()});
        BOOST_TEST(entrance.unread() == "payload");
    }
}

BOOST_AUTO_TEST_CASE(proxys_own_is_handed_on_when_it_waits_for_an_answer) {
    Entrance entrance;
    auto client = entrance.connect();
    send(client, kLocal);
    BOOST_TEST(entrance.waitForPeers() == Peers{client.address().toString()});
    BOOST_TEST(entrance.isEmpty());
}

BOOST_AUTO_TEST_CASE(who_only_looks_is_handed_on_to_nobody) {
    for (const auto& header : {std::string(), kUnknown, kLocal}) {
        Entrance entrance;
        auto client = entrance.connect();
        if (!header.empty()) send(client, header);
        client.shutdownSend();
        BOOST_TEST(isClosed(client));
        BOOST_TEST(entrance.isEmpty());
        BOOST_TEST(entrance.peers() == Peers{});
    }
}

BOOST_AUTO_TEST_CASE(one_that_has_said_all_is_handed_on) {
    Entrance entrance;
    auto client = entrance.connect();
    send(client, kHeader);
    client.shutdownSend();
    BOOST_TEST(entrance.waitForPeers() == Peers{"203.0.113.7:4711"});
}

BOOST_AUTO_TEST_CASE(what_is_no_header_ends_the_connection) {
    for (const auto& bytes : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("PROXY TCP4 x\r\n"),
                              std::string("\x16\x03\x01")}) {
        Entrance entrance;
        auto client = entrance.connect();
        send(client, bytes);
        BOOST_TEST(isClosed(client));
        BOOST_TEST(entrance.isEmpty());
        BOOST_TEST(entrance.peers() == Peers{});
    }
}

BOOST_AUTO_TEST_CASE(end_within_the_header_ends_the_connection) {
    Entrance entrance;
    auto client = entrance.connect();
    send(client, kHeader.substr(0, 20));
    client.shutdownSend();
    BOOST_TEST(isClosed(client));
    BOOST_TEST(entrance.isEmpty());
}

BOOST_AUTO_TEST_CASE(header_must_come_in_time) {
    for (const auto& begin : {std::string(), kHeader.substr(0, 20)}) {
        auto proxies = trusting("127.0.0.0/8");
        proxies.headerTime = std::chrono::milliseconds(50);
        Entrance entrance(proxies);
        auto client = entrance.connect();
        if (!begin.empty()) send(client, begin);
        BOOST_TEST(isClosed(client));
        BOOST_TEST(entrance.isEmpty());
    }
}

BOOST_AUTO_TEST_CASE(of_too_many_the_one_that_has_waited_longest_goes) {
    auto proxies = trusting("127.0.0.0/8");
    proxies.waiting = 2;
    Entrance entrance(proxies);
    auto first = entrance.connect();
    auto second = entrance.connect();
    auto third = entrance.connect();
    BOOST_TEST(isClosed(first));
    for (auto* client : {&second, &third})
        send(*client, kHeader);
    BOOST_TEST(entrance.waitForPeers(2).size() == 2U);
}

/// Elsewhere it is another machine's.
BOOST_AUTO_TEST_CASE(loopback_counts_only_from_a_proxy_there) {
    for (const auto* loopback :
         {"PROXY TCP4 127.0.0.1 192.0.2.9 4711 443\r\n", "PROXY TCP6 ::ffff:127.0.0.1 ::1 4711 443\r\n",
          "PROXY TCP6 ::1 ::1 4711 443\r\n"}) {
        Entrance entrance(trusting("192.0.2.0/24"));
        auto client = entrance.connect("192.0.2.5:1234");
        send(client, std::string(loopback) + "payload");
        BOOST_TEST(entrance.waitForPeers() == Peers{"192.0.2.5:1234"});
        BOOST_TEST(entrance.unread() == "payload");
    }
    Entrance entrance;
    auto client = entrance.connect();
    send(client, "PROXY TCP4 127.0.0.1 127.0.0.1 4711 443\r\n");
    BOOST_TEST(entrance.waitForPeers() == Peers{"127.0.0.1:4711"});
}

BOOST_AUTO_TEST_CASE(those_without_a_header_can_all_be_closed) {
    Entrance entrance;
    auto client = entrance.connect();
    send(client, kHeader.substr(0, 20));
    entrance.closeAll();
    BOOST_TEST(isClosed(client));
    BOOST_TEST(entrance.isEmpty());
}

BOOST_AUTO_TEST_SUITE_END()
