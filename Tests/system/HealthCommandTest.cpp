#include "Commands.h"
#include "ConnectorProcess.h"

#include <Poco/JSON/Parser.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <future>

namespace connector::test {

namespace {

constexpr int kUnhealthy = 1;

/// Takes one connection on the API's port, reads a request and gives this answer.
std::future<void> answerOnce(const ConnectorSetup& setup, const std::string& answer) {
    Poco::Net::ServerSocket server(Poco::Net::SocketAddress("127.0.0.1", setup.apiPort()));
    return std::async(std::launch::async, [server, answer]() mutable {
        auto client = server.acceptConnection();
        char request[4096];
        client.receiveBytes(request, sizeof(request));
        client.sendBytes(answer.data(), static_cast<int>(answer.size()));
        client.shutdownSend();
        client.receiveBytes(request, sizeof(request));
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(HealthCommand)

BOOST_DATA_TEST_CASE(HealthyOneIsZero, kModes, mode) {
    ConnectorSetup setup(mode);
    const ConnectorProcess connector(withOperator(setup));
    const auto finished = runCommand(setup, {"health"});
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    BOOST_TEST(finished.output.starts_with("healthy: http"), shown(finished));
    BOOST_TEST(std::count(finished.output.begin(), finished.output.end(), '\n') == 1);
    BOOST_TEST(jsonOf(setup, {"health"})->getValue<std::string>("status") == "ok");
}

BOOST_DATA_TEST_CASE(NoneIsOne, kModes, mode) {
    const ConnectorSetup setup(mode);
    const auto finished = runCommand(setup, {"health"});
    BOOST_TEST(hasFailed(finished, kUnhealthy, {"not healthy: no Connector answers"}), shown(finished));
    BOOST_TEST(std::count(finished.output.begin(), finished.output.end(), '\n') == 1);
    const auto json = runCommand(setup, {"health", "--json"});
    BOOST_TEST(json.exitCode == kUnhealthy);
    BOOST_TEST(says(json, R"("status": "failed")"), shown(json));
}

BOOST_AUTO_TEST_CASE(OneThatDoesNotAnswerIsOne) {
    ConnectorSetup setup;
    ConnectorProcess connector(setup);
    connector.process().signal(SIGSTOP);
    const auto finished = runCommand(setup, {"health"});
    connector.process().signal(SIGCONT);
    BOOST_TEST(hasFailed(finished, kUnhealthy, {"not healthy: ", "Timeout"}), shown(finished));
}

BOOST_AUTO_TEST_CASE(OneThatIsNotReadyIsOne) {
    const ConnectorSetup setup;
    const std::string body = R"({"status":"failed","errormessage":"not ready: mappings are being restored"})";
    auto served = answerOnce(setup, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: " +
                                        std::to_string(body.size()) + "\r\n\r\n" + body);
    const auto finished = runCommand(setup, {"health"});
    served.get();
    BOOST_TEST(hasFailed(finished, kUnhealthy, {"not healthy: not ready: mappings are being restored"}),
               shown(finished));
}

BOOST_AUTO_TEST_CASE(AnotherProgramIsOne) {
    const ConnectorSetup setup;
    auto served = answerOnce(setup, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    const auto finished = runCommand(setup, {"health"});
    served.get();
    BOOST_TEST(hasFailed(finished, kUnhealthy, {"not healthy: ", "is no Connector"}), shown(finished));
}

/// A probe must not have a service restarted that has not read its renewed certificate yet.
BOOST_AUTO_TEST_CASE(RenewedCertificateMakesNobodyIll) {
    ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(withOperator(setup));
    const auto renewed = CertificateAuthority::shared().issue(setup.folder(), "renewed");
    std::filesystem::rename(renewed.certificateFile, setup.serverCertificate().certificateFile);
    std::filesystem::rename(renewed.keyFile, setup.serverCertificate().keyFile);
    const auto finished = runCommand(setup, {"health"});
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    BOOST_TEST(hasFailed(runCommand(setup, {"mapping", "list"}), kProtocol, {"another certificate"}));
}

BOOST_AUTO_TEST_CASE(MistakesKeepTheirOwnCodes) {
    ConnectorSetup setup;
    BOOST_TEST(hasFailed(runCommand(setup, {"health", "now"}), kUsage, {"too much"}));
    setup.set("api.port", 70000);
    BOOST_TEST(hasFailed(runCommand(setup, {"health"}), kConfig, {"api.port"}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
