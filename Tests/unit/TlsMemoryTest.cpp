#include "agent/Dialer.h"
#include "cli/setup/Certificates.h"
#include "net/TlsContext.h"
#include "net/TlsStream.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/TemporaryFile.h>

#include <boost/test/unit_test.hpp>

#include <dlfcn.h>
#include <fstream>
#include <openssl/ssl.h>
#include <optional>
#include <sys/socket.h>

namespace {

using namespace connector;

bool isOutOfMemory = false;
int madeByOpenSsl = 0;

std::string written(const std::string& path, const std::string& content) {
    std::ofstream(path) << content;
    return path;
}

/// What both sides of TLS need.
struct Certified {
    Poco::TemporaryFile folder;
    SelfSignedCertificate certificate = SelfSignedCertificate::make({"127.0.0.1"});
    bool isFolderMade = folder.createDirectory();
    TlsCredentials credentials{
        {std::make_shared<ServerCertificate>(written(folder.path() + "/cert.pem", certificate.certificate),
                                             written(folder.path() + "/key.pem", certificate.key))}};
    Poco::Net::Context::Ptr context = makeServerContext(credentials);
    EventLoop loop;
    Poco::Net::ServerSocket listening{Poco::Net::SocketAddress("127.0.0.1", 0)};
};

/// A server's end of a connection, which tries its handshake whenever it may go on; and the client's.
struct Accepted final : StreamHandler {
    explicit Accepted(Certified& certified)
        : loop(certified.loop), client(certified.listening.address()),
          stream(Descriptor(::accept4(certified.listening.impl()->sockfd(), nullptr, nullptr, SOCK_NONBLOCK)),
                 client.address(), {}, certified.context->sslContext()) {
        BOOST_REQUIRE(stream.attach(loop, *this));
    }
    ~Accepted() { stream.detach(); }

    void onReady(Stream&) override {
        status = stream.handshake();
        loop.stop();
    }

    EventLoop& loop;
    Poco::Net::StreamSocket client;
    TlsStream stream;
    std::optional<Stream::Status> status;
};

/// Whoever needs a connection.
struct Needy final : Dialer::Owner {
    void onDialled(std::unique_ptr<SocketStream>) override {}
    void onDialFailed(const std::string& why) override { failure = why; }
    std::string failure;
};

/// OpenSSL has no memory for a connection for as long as it lives.
struct OutOfMemory {
    OutOfMemory() { isOutOfMemory = true; }
    ~OutOfMemory() { isOutOfMemory = false; }
};

} // namespace

/// Takes the place of OpenSSL's own in this program.
extern "C" SSL* SSL_new(SSL_CTX* context) {
    static const auto real = reinterpret_cast<SSL* (*)(SSL_CTX*)>(::dlsym(RTLD_NEXT, "SSL_new"));
    ++madeByOpenSsl;
    return isOutOfMemory ? nullptr : real(context);
}

BOOST_FIXTURE_TEST_SUITE(TlsMemory, Certified)

BOOST_AUTO_TEST_CASE(client_that_says_nothing_takes_none) {
    const auto before = madeByOpenSsl;
    Accepted accepted(*this);
    loop.run();
    BOOST_TEST((accepted.status == Stream::Status::Blocked));
    BOOST_TEST(madeByOpenSsl == before);
}

BOOST_AUTO_TEST_CASE(client_that_leaves_without_a_word_takes_none) {
    const auto before = madeByOpenSsl;
    Accepted accepted(*this);
    accepted.client.close();
    loop.run();
    BOOST_TEST((accepted.status == Stream::Status::Ended));
    BOOST_TEST(accepted.stream.failure() == "the peer closed the connection");
    BOOST_TEST(madeByOpenSsl == before);
}

BOOST_AUTO_TEST_CASE(handshake_that_there_is_no_memory_for_fails) {
    Accepted accepted(*this);
    accepted.client.sendBytes("\x16", 1);
    const OutOfMemory now;
    loop.run();
    BOOST_TEST((accepted.status == Stream::Status::Failed));
    BOOST_TEST(accepted.stream.failure() == "Cannot allocate memory");
}

BOOST_AUTO_TEST_CASE(dialling_that_there_is_no_memory_for_fails) {
    const Remote remote("127.0.0.1", listening.address().port(), makeClientContext(certificate.certificate));
    Resolver resolver(loop);
    Needy needy;
    Dialer dialer(loop, resolver, needy);
    const OutOfMemory now;
    dialer.dial(remote, std::chrono::seconds(10));
    BOOST_TEST(needy.failure == listening.address().toString() + ": Cannot allocate memory");
}

BOOST_AUTO_TEST_SUITE_END()
