#include "agent/Dialer.h"
#include "cli/setup/Certificates.h"
#include "net/TlsContext.h"
#include "pipe/AgentEndpoint.h"
#include "pipe/VisitorEndpoint.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/TemporaryFile.h>

#include <boost/test/unit_test.hpp>

#include <dlfcn.h>
#include <fstream>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace {

using namespace connector;

thread_local bool isOutOfMemory = false;

/// OpenSSL has no memory for a connection on this thread for as long as it lives.
struct OutOfMemory {
    OutOfMemory() { isOutOfMemory = true; }
    ~OutOfMemory() { isOutOfMemory = false; }
};

std::string written(const std::string& path, const std::string& content) {
    std::ofstream(path) << content;
    return path;
}

/// A TCP connection with both of its ends.
struct Connection {
    Poco::Net::ServerSocket listening{Poco::Net::SocketAddress("127.0.0.1", 0)};
    Poco::Net::StreamSocket client{listening.address()};
    Descriptor accepted{::accept4(listening.impl()->sockfd(), nullptr, nullptr, SOCK_NONBLOCK)};

    bool isClosed() {
        char byte = 0;
        return client.poll(Poco::Timespan(), Poco::Net::Socket::SELECT_READ) &&
               client.receiveBytes(&byte, 1) == 0;
    }
};

/// What endpoints with TLS need, and nobody to join.
struct Pipe : AgentEndpoint::Owner, VisitorEndpoint::Owner {
    virtual ~Pipe() = default;
    void onAgentAvailable(AgentEndpoint&) override {}
    void publishAgents(bool, std::uint16_t) override {}
    void probeRelays() override {}
    void onVisitorReady() override {}
    bool hasPartner() const override { return false; }
    bool onNoPlace(const std::string&) override { return false; }

    /// Whether the acceptor closes a connection and does not keep it.
    static bool isClosedBy(Acceptor& acceptor) {
        Connection connection;
        acceptor.onAccepted(std::move(connection.accepted), connection.client.address(), {});
        return connection.isClosed();
    }

    void close(auto& endpoint) {
        loop.post([&endpoint] { endpoint.closeAll(); });
        loop.stop();
        loop.run();
    }

    Poco::TemporaryFile folder;
    SelfSignedCertificate certificate = SelfSignedCertificate::make({"127.0.0.1"});
    bool isFolderMade = folder.createDirectory();
    TlsCredentials credentials{
        {std::make_shared<ServerCertificate>(written(folder.path() + "/cert.pem", certificate.certificate),
                                             written(folder.path() + "/key.pem", certificate.key))}};
    EventLoops loops{1};
    LimitedLogs limitedLogs{LogLimits()};
    ListeningSockets sockets;
    PipeEnvironment environment{loops, sockets, PipeSettings(), makeServerContext(credentials), limitedLogs};
    EventLoop loop;
};

/// Whoever needs a connection.
struct Needy final : Dialer::Owner {
    void onDialled(std::unique_ptr<SocketStream>) override {}
    void onDialFailed(const std::string& why) override { failure = why; }
    std::string failure;
};

} // namespace

/// Takes the place of OpenSSL's own in this program.
extern "C" SSL* SSL_new(SSL_CTX* context) {
    static const auto real = reinterpret_cast<SSL* (*)(SSL_CTX*)>(::dlsym(RTLD_NEXT, "SSL_new"));
    return isOutOfMemory ? nullptr : real(context);
}

BOOST_FIXTURE_TEST_SUITE(TlsMemory, Pipe)

BOOST_AUTO_TEST_CASE(agent_that_there_is_no_memory_for_is_turned_away) {
    Endpoint endpoint;
    endpoint.port = 1;
    endpoint.passcode = "passcode";
    endpoint.maxConnections = 1;
    const Lifeline lifeline;
    AgentEndpoint agents(loop, environment, endpoint, {"port1", "id:1"},
                         {"agent", /*mayBegin*/ true, /*side*/ 0}, lifeline, *this);
    {
        const OutOfMemory now;
        BOOST_TEST(isClosedBy(agents.entrance()));
    }
    BOOST_TEST(!isClosedBy(agents.entrance()), "there is memory again");
    close(agents);
}

BOOST_AUTO_TEST_CASE(visitor_that_there_is_no_memory_for_is_turned_away) {
    const VisitorAccess access(environment, VisitorSettings{.alpn = {"h2"}});
    const Lifeline lifeline;
    VisitorEndpoint visitors(loop, environment, access, "port2", "visitor", lifeline, *this);
    {
        const OutOfMemory now;
        BOOST_TEST(isClosedBy(visitors));
    }
    BOOST_TEST(visitors.waitingCount() == 0);
    BOOST_TEST(!isClosedBy(visitors), "there is memory again");
    BOOST_TEST(visitors.waitingCount() == 1);
    close(visitors);
}

BOOST_AUTO_TEST_CASE(dialling_that_there_is_no_memory_for_fails) {
    const Poco::Net::ServerSocket listening(Poco::Net::SocketAddress("127.0.0.1", 0));
    const Remote remote("127.0.0.1", listening.address().port(), makeClientContext(certificate.certificate));
    Resolver resolver(loop);
    Needy needy;
    Dialer dialer(loop, resolver, needy);
    const OutOfMemory now;
    dialer.dial(remote, std::chrono::seconds(10));
    BOOST_TEST(needy.failure == listening.address().toString() + ": Cannot allocate memory");
}

BOOST_AUTO_TEST_SUITE_END()
