#include "AgentProgram.h"
#include "TestTarget.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

const std::string kSignatureV2("\r\n\r\n\0\r\nQUIT\n", 12);
const std::string kIPv6LoopbackBytes = std::string(15, '\0') + '\1';

/// A target that is told of its visitors.
struct Service {
    Service(Mode mode, const std::string& version, AgentProtocol protocol = AgentProtocol::Pipe2,
            const std::string& targetHost = "127.0.0.1")
        : target(TestTarget::State::Up, targetHost), pipe(mode),
          agent(pipe.setup(),
                {agentPipe(pipe.setup(), pipe.mapping(),
                           {.localPort = target.port(), .localHost = targetHost, .proxyProtocol = version})},
                protocol) {
        pipe.waitFor("agentswaiting", 1);
    }

    PipeClient visitor(const std::string& host, const std::string& from) const {
        return pipe.connector().connect(pipe.mapping().port2, {.from = from}, host);
    }

    TestTarget target;
    OpenPublicPipe pipe;
    AgentProgram agent;
};

/// A port as the binary header has it.
std::string bytesOf(std::uint16_t port) {
    return {static_cast<char>(port >> 8U), static_cast<char>(port & 0xFFU)};
}

void requireHeader(PipeClient& server, const std::string& expected) {
    BOOST_TEST((server.readExactly(expected.size()) == expected));
}

/// The header is there though nothing was said, and is followed by what is said.
void requireConversation(PipeClient& visitor, PipeClient& server) {
    BOOST_TEST(server.isQuiet());
    BOOST_TEST(areJoined(visitor, server));
    visitor.finishSending();
    BOOST_TEST(server.readToEnd() == "");
}

} // namespace

BOOST_AUTO_TEST_SUITE(ProxyProtocol)

BOOST_DATA_TEST_CASE(Version1NamesTheVisitor, kModes, mode) {
    Service service(mode, "v1");
    auto visitor = service.visitor("127.0.0.1", "127.0.0.5");
    auto server = service.target.accept();
    requireHeader(server, "PROXY TCP4 127.0.0.5 127.0.0.1 " + std::to_string(visitor.localPort()) + " " +
                              std::to_string(service.target.port()) + "\r\n");
    requireConversation(visitor, server);
}

BOOST_DATA_TEST_CASE(Version1NamesTheVisitorOfIPv6, kModes, mode) {
    Service service(mode, "v1", AgentProtocol::Pipe2, "::1");
    auto visitor = service.visitor("::1", "");
    auto server = service.target.accept();
    requireHeader(server, "PROXY TCP6 ::1 ::1 " + std::to_string(visitor.localPort()) + " " +
                              std::to_string(service.target.port()) + "\r\n");
    requireConversation(visitor, server);
}

/// Both addresses of a header are of one family.
BOOST_DATA_TEST_CASE(Version1MapsIPv4IntoIPv6, kModes, mode) {
    Service service(mode, "v1", AgentProtocol::Pipe2, "::1");
    auto visitor = service.visitor("127.0.0.1", "127.0.0.5");
    auto server = service.target.accept();
    requireHeader(server, "PROXY TCP6 ::ffff:127.0.0.5 ::1 " + std::to_string(visitor.localPort()) + " " +
                              std::to_string(service.target.port()) + "\r\n");
    requireConversation(visitor, server);
}

BOOST_DATA_TEST_CASE(Version2NamesTheVisitor, kModes, mode) {
    Service service(mode, "v2");
    auto visitor = service.visitor("127.0.0.1", "127.0.0.5");
    auto server = service.target.accept();
    requireHeader(server, kSignatureV2 + std::string("\x21\x11\0\x0C", 4) +
                              std::string("\x7F\0\0\5\x7F\0\0\1", 8) + bytesOf(visitor.localPort()) +
                              bytesOf(service.target.port()));
    requireConversation(visitor, server);
}

BOOST_DATA_TEST_CASE(Version2NamesTheVisitorOfIPv6, kModes, mode) {
    Service service(mode, "v2", AgentProtocol::Pipe2, "::1");
    auto visitor = service.visitor("::1", "");
    auto server = service.target.accept();
    requireHeader(server, kSignatureV2 + std::string("\x21\x21\0\x24", 4) + kIPv6LoopbackBytes +
                              kIPv6LoopbackBytes + bytesOf(visitor.localPort()) +
                              bytesOf(service.target.port()));
    requireConversation(visitor, server);
}

/// PIPE/1 can't tell who the visitor is.
BOOST_DATA_TEST_CASE(VisitorOfAPipe1AgentIsUnknown, kModes, mode) {
    Service service(mode, "v1", AgentProtocol::Pipe1);
    auto visitor = service.visitor("127.0.0.1", "127.0.0.5");
    visitor.send("a request");
    auto server = service.target.accept();
    requireHeader(server, "PROXY UNKNOWN\r\na request");
    BOOST_TEST(areJoined(visitor, server));
}

BOOST_DATA_TEST_CASE(VisitorOfAPipe1AgentIsUnknownInVersion2, kModes, mode) {
    Service service(mode, "v2", AgentProtocol::Pipe1);
    auto visitor = service.visitor("127.0.0.1", "127.0.0.5");
    visitor.send("a request");
    auto server = service.target.accept();
    requireHeader(server, kSignatureV2 + std::string("\x20\0\0\0", 4) + "a request");
    BOOST_TEST(areJoined(visitor, server));
}

BOOST_DATA_TEST_CASE(NothingIsToldUnlessAskedFor, kModes, mode) {
    Service service(mode, "");
    auto visitor = service.visitor("127.0.0.1", "127.0.0.5");
    auto server = service.target.accept();
    requireConversation(visitor, server);
}

/// Across a private pipe the visitor is the client of the agent that listens.
BOOST_DATA_TEST_CASE(PrivatePipeNamesTheClient, kModes, mode) {
    TestTarget target;
    OpenPrivatePipe pipe(mode);
    const auto port = static_cast<std::uint16_t>(pipe.setup().firstMappingPort() + 110);
    const AgentProgram called(
        pipe.setup(), {agentPipe(pipe.setup(), pipe.mapping(),
                                 {.role = "connect", .localPort = target.port(), .proxyProtocol = "v1"})});
    const AgentProgram calling(pipe.setup(),
                               {agentPipe(pipe.setup(), pipe.mapping(),
                                          {.side = Side::Port2, .role = "listen", .localPort = port})});
    pipe.waitFor("agentswaitingport1", 1);
    pipe.waitFor("agentswaitingport2", 1);
    PipeClient client(Poco::Net::SocketAddress("127.0.0.1", port), {.from = "127.0.0.6"});
    auto server = target.accept();
    requireHeader(server, "PROXY TCP4 127.0.0.6 127.0.0.1 " + std::to_string(client.localPort()) + " " +
                              std::to_string(target.port()) + "\r\n");
    requireConversation(client, server);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
