#include "RunningApi.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace connector::test {

namespace {

/// The API on loopback without identities, as it is installed, with a public name.
struct Installed {
    explicit Installed(Mode mode = Mode::Plain) : setup(mode) {
        setup.set("address", "connector.example.org");
        setup.setJson("api.hosts", R"(["connector.internal"])");
        connector.emplace(setup);
    }

    /// What comes back until the end of the connection.
    std::string exchange(const std::string& request) const {
        auto client = connector->connect(setup.apiPort());
        client.send(request);
        return client.readToEnd();
    }

    /// A form that opens a mapping, as a Controller sends it, or a web page has a browser send it.
    std::string add(const std::string& headers) const {
        const auto body = "mapping=" + urlEncoded(kControllerPublic);
        return exchange("POST /api/v2/mapping/add HTTP/1.1\r\nConnection: close\r\n" + headers +
                        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n" + body);
    }

    std::size_t mappings() const { return connector->api().listIds().size(); }

    ConnectorSetup setup;
    std::optional<ConnectorProcess> connector;
};

bool isForbidden(const std::string& answer) {
    return answer.starts_with("HTTP/1.1 403 ") && answer.find("\"errormessage\"") != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ApiBrowsers)

BOOST_DATA_TEST_CASE(AFormOfAForeignPageIsRefused, kModes, mode) {
    const Installed installed(mode);
    const auto host = "Host: 127.0.0.1:" + std::to_string(installed.setup.apiPort()) + "\r\n";
    for (const auto* header :
         {"Origin: http://evil.example\r\n", "Origin: null\r\n", "Origin: http://127.0.0.1\r\n",
          "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"}) {
        const auto answer = installed.add(host + header);
        BOOST_TEST(isForbidden(answer), header << " gave " << answer);
    }
    BOOST_TEST(installed.mappings() == 0U);
}

BOOST_DATA_TEST_CASE(APageWhoseNameNowMeansThisMachineIsRefused, kModes, mode) {
    const Installed installed(mode);
    const auto port = ":" + std::to_string(installed.setup.apiPort());
    const auto headers = "Host: evil.example" + port + "\r\nOrigin: http://evil.example" + port +
                         "\r\nSec-Fetch-Site: same-origin\r\n";
    BOOST_TEST(isForbidden(installed.add(headers)));
    for (const auto* path : {"/api/v2/status", "/api/v2/mapping", "/api/v2/mapping/x", "/"}) {
        const auto answer =
            installed.exchange("GET " + std::string(path) + " HTTP/1.1\r\n" + headers + "\r\n");
        BOOST_TEST(isForbidden(answer), path << " gave " << answer);
    }
    BOOST_TEST(installed.mappings() == 0U);
    installed.connector->waitForLog(
        "127.0.0.1 was turned away with 403: POST /api/v2/mapping/add: Host: evil.example is not accepted");
}

BOOST_DATA_TEST_CASE(AControllerIsServedByEveryNameOfTheServer, kModes, mode) {
    const Installed installed(mode);
    std::size_t added = 0;
    for (const auto* host : {"127.0.0.1:8080", "localhost", "connector.example.org",
                             "Connector.Internal.:443", "[::1]", "192.0.2.1"}) {
        const auto answer = installed.add("Host: " + std::string(host) + "\r\n");
        BOOST_TEST(answer.starts_with("HTTP/1.1 200 "), host << " gave " << answer);
        BOOST_TEST(installed.mappings() == ++added);
    }
}

BOOST_AUTO_TEST_CASE(AControllerThatDialsAnotherNameLearnsWhatToWrite) {
    const Installed installed;
    const auto answer = installed.add("Host: iofog-connector.local:8080\r\n");
    BOOST_TEST(isForbidden(answer), answer);
    installed.connector->waitForLog(R"("hosts": ["iofog-connector.local"])");
}

BOOST_AUTO_TEST_CASE(APageOfTheServersOwnMayCall) {
    const Installed installed;
    const auto answer = installed.add("Host: localhost:8080\r\nOrigin: http://localhost:8080\r\n"
                                      "Sec-Fetch-Site: same-origin\r\n");
    BOOST_TEST(answer.starts_with("HTTP/1.1 200 "), answer);
}

/// A load balancer asks by whatever name it has.
BOOST_AUTO_TEST_CASE(HealthIsForAll) {
    const Installed installed;
    for (const auto* headers :
         {"Host: balancer-check\r\n", "Host: \r\n", "Host: x\r\nOrigin: http://evil.example\r\n",
          "Host: x\r\nSec-Fetch-Site: cross-site\r\n"}) {
        const auto answer = installed.exchange("GET /health HTTP/1.1\r\nConnection: close\r\n" +
                                               std::string(headers) + "\r\n");
        BOOST_TEST(answer.starts_with("HTTP/1.1 200 "), headers << " gave " << answer);
    }
}

BOOST_AUTO_TEST_CASE(OldClientsNeedNoHost) {
    const Installed installed;
    BOOST_TEST(installed.exchange("GET /api/v2/status HTTP/1.0\r\n\r\n").find(" 200 ") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
