#include "ConnectorProcess.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <Poco/Net/SSLException.h>

#include <optional>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr const char* kList = "/api/v2/mapping";
const std::string kToken = "correct-horse-battery-staple-0123456789";

/// A setup whose API knows only this identity.
ConnectorSetup& withIdentity(ConnectorSetup& setup, const std::string& json) {
    return setup.setJson("api.identities", "[" + json + "]");
}

ApiAnswer listWithToken(const ConnectorSetup& setup, const std::string& token) {
    ApiClient client("127.0.0.1", setup.apiPort(), httpsContext(setup.mode()));
    client.setToken(token);
    return client.get(kList);
}

/// The status line's number for a request that comes from this address.
int statusFrom(const ConnectorProcess& connector, std::uint16_t port, const std::string& source,
               const std::string& host = "127.0.0.1") {
    auto client = connector.connect(port, {.from = source}, host);
    client.send("GET /api/v2/mapping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return std::stoi(client.readToEnd().substr(9, 3));
}

/// A Connector that asks its API's clients for certificates.
class CertificateSetup {
  public:
    CertificateSetup() : _client(_controllersCa.issue(_folder, "controller")) {
        setup.set("tls.controllers-ca", _controllersCa.certificateFile());
        withIdentity(setup, R"({"name":"cert","certificate":")" + _client.fingerprint() + R"("})");
    }

    const KeyPair& controller() const { return _client; }
    KeyPair otherSignedByTheCa() const { return _controllersCa.issue(_folder, "other"); }
    KeyPair signedByAnotherCa() const { return _anotherCa.issue(_folder, "stranger"); }

    /// The answer for a client that shows this certificate; nothing when the handshake failed.
    std::optional<ApiAnswer> listWith(const std::optional<KeyPair>& certificate) const {
        try {
            return ApiClient("127.0.0.1", setup.apiPort(), httpsContext(Mode::Tls, certificate)).get(kList);
        } catch (const Poco::Exception&) {
            return std::nullopt;
        }
    }

    ConnectorSetup setup{Mode::Tls};

  private:
    Folder _folder;
    CertificateAuthority _controllersCa{"Controllers"};
    CertificateAuthority _anotherCa{"Strangers"};
    KeyPair _client;
};

} // namespace

BOOST_AUTO_TEST_SUITE(Identities)

BOOST_AUTO_TEST_CASE(WithoutIdentitiesLoopbackMayDoEverything) {
    const ConnectorSetup setup;
    const ConnectorProcess connector(setup);
    BOOST_TEST(connector.api().get(kList).status == 200);
}

BOOST_DATA_TEST_CASE(RightTokenIsServed, kModes, mode) {
    ConnectorSetup setup(mode);
    withIdentity(setup, R"({"name":"ctl","token":")" + kToken + R"("})");
    const ConnectorProcess connector(setup);
    const auto answer = listWithToken(setup, kToken);
    BOOST_TEST(answer.status == 200, answer);
}

BOOST_DATA_TEST_CASE(WrongTokensAreRefused, kModes, mode) {
    ConnectorSetup setup(mode);
    withIdentity(setup, R"({"name":"ctl","token":")" + kToken + R"("})");
    const ConnectorProcess connector(setup);
    for (const auto& wrong : {kToken.substr(1), kToken.substr(0, kToken.size() - 1), kToken + "x",
                              "C" + kToken.substr(1), std::string("x"), std::string("ctl")}) {
        const auto answer = listWithToken(setup, wrong);
        BOOST_TEST(answer.isError(401), wrong << " gave " << answer);
    }
}

BOOST_AUTO_TEST_CASE(NoCredentialsAre401) {
    ConnectorSetup setup;
    withIdentity(setup, R"({"name":"ctl","token":")" + kToken + R"("})");
    const ConnectorProcess connector(setup);
    const auto& api = connector.api();
    for (const auto& answer :
         {api.get(kList), api.tryAdd(publicMapping()), api.tryRemove("2ae8ff72-7447-47de-a4ec-123eb214d63e"),
          api.post("/api/v2/status", "mappingid=all"), api.get("/api/v2/status")})
        BOOST_TEST(answer.isError(401), answer);
    BOOST_TEST(listWithToken(setup, kToken).json()->getArray("mappings")->size() == 0);
}

BOOST_AUTO_TEST_CASE(OtherAuthorizationSchemesAreRefused) {
    ConnectorSetup setup;
    withIdentity(setup, R"({"name":"ctl","token":")" + kToken + R"("})");
    const ConnectorProcess connector(setup);
    for (const auto& header : {"Basic " + kToken, kToken, std::string("Bearer"), std::string("Bearer "),
                               "Bearer " + kToken + " " + kToken}) {
        auto client = connector.connect(setup.apiPort());
        client.send(
            "GET /api/v2/mapping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: " +
            header + "\r\n\r\n");
        const auto status = client.readToEnd().substr(9, 3);
        BOOST_TEST((status == "401" || status == "403"), header << " gave " << status);
    }
}

BOOST_AUTO_TEST_CASE(HealthNeedsNoIdentity) {
    ConnectorSetup setup;
    withIdentity(setup, R"({"name":"ctl","token":")" + kToken + R"("})");
    const ConnectorProcess connector(setup);
    BOOST_TEST(connector.api().get("/health").status == 200);
}

/// Who may not do anything learns nothing, either.
BOOST_AUTO_TEST_CASE(StrangersLearnNothing) {
    ConnectorSetup setup;
    withIdentity(setup, R"({"name":"ctl","token":")" + kToken + R"("})");
    const ConnectorProcess connector(setup);
    ApiClient controller("127.0.0.1", setup.apiPort());
    controller.setToken(kToken);
    const auto known = connector.api().get(std::string(kList) + "/" + controller.addPublic().id);
    const auto unknown = connector.api().get(std::string(kList) + "/2ae8ff72-7447-47de-a4ec-123eb214d63e");
    BOOST_TEST(known.isError(401), known);
    BOOST_TEST(unknown.isError(401), unknown);
}

BOOST_DATA_TEST_CASE(NetworkDecidesByTheClientsAddress, kModes, mode) {
    ConnectorSetup setup(mode);
    withIdentity(setup, R"({"name":"net","network":"127.0.0.8/29"})");
    const ConnectorProcess connector(setup);
    for (const auto* inside : {"127.0.0.8", "127.0.0.9", "127.0.0.15"})
        BOOST_TEST(statusFrom(connector, setup.apiPort(), inside) == 200, inside);
    for (const auto* outside : {"127.0.0.1", "127.0.0.7", "127.0.0.16", "127.0.1.8"})
        BOOST_TEST(statusFrom(connector, setup.apiPort(), outside) / 100 == 4, outside);
}

BOOST_AUTO_TEST_CASE(NetworkMayBeIPv6) {
    ConnectorSetup setup;
    setup.set("api.bind", "::1");
    withIdentity(setup, R"({"name":"net","network":"::1/128"})");
    ChildProcess process(setup.command());
    const ApiClient api("::1", setup.apiPort());
    waitUntil("the API answers on ::1", [&] {
        try {
            return api.get("/health").status == 200;
        } catch (const Poco::Exception&) {
            return false;
        }
    });
    BOOST_TEST(api.get(kList).status == 200);
    BOOST_TEST(process.stop(SIGTERM) == 0);
}

BOOST_AUTO_TEST_CASE(SeveralIdentitiesServeSideBySide) {
    ConnectorSetup setup;
    setup.setJson("api.identities",
                  R"([{"name":"net","network":"127.0.0.9/32"},{"name":"ctl","token":")" + kToken + R"("}])");
    const ConnectorProcess connector(setup);
    BOOST_TEST(statusFrom(connector, setup.apiPort(), "127.0.0.9") == 200);
    BOOST_TEST(listWithToken(setup, kToken).status == 200);
    BOOST_TEST(connector.api().get(kList).isError(401));
}

BOOST_AUTO_TEST_CASE(LogNamesTheIdentity) {
    ConnectorSetup setup;
    withIdentity(setup, R"({"name":"the-tenth-controller","token":")" + kToken + R"("})");
    const ConnectorProcess connector(setup);
    ApiClient api("127.0.0.1", setup.apiPort());
    api.setToken(kToken);
    const auto added = api.addPublic();
    connector.waitForLog("the-tenth-controller");
    api.remove(added.id);
    waitUntil("the log says who opened and who closed the mapping", [&] {
        const auto log = connector.log();
        const auto first = log.find("the-tenth-controller");
        return log.find("the-tenth-controller", first + 1) != std::string::npos;
    });
    BOOST_TEST(connector.log().find(added.id) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(CertificateWithTheFingerprintIsServed) {
    const CertificateSetup certificates;
    const ConnectorProcess connector(certificates.setup);
    const auto answer = certificates.listWith(certificates.controller());
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->status == 200, *answer);
}

BOOST_AUTO_TEST_CASE(OtherCertificatesOfTheCaAreForbidden) {
    const CertificateSetup certificates;
    const ConnectorProcess connector(certificates.setup);
    const auto answer = certificates.listWith(certificates.otherSignedByTheCa());
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->isError(403), *answer);
}

BOOST_AUTO_TEST_CASE(CertificateOfAnotherCaIsRefused) {
    const CertificateSetup certificates;
    const ConnectorProcess connector(certificates.setup);
    const auto answer = certificates.listWith(certificates.signedByAnotherCa());
    BOOST_TEST((!answer || answer->isError(403)));
}

BOOST_AUTO_TEST_CASE(NoCertificateIsForbidden) {
    const CertificateSetup certificates;
    const ConnectorProcess connector(certificates.setup);
    const auto answer = certificates.listWith(std::nullopt);
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->isError(403), *answer); // no token would help
    BOOST_TEST(connector.api().get("/health").status == 200);
}

/// Pipes ask no one for a certificate: agents have passcodes.
BOOST_AUTO_TEST_CASE(AgentsNeedNoCertificate) {
    CertificateSetup certificates;
    certificates.setup.setJson("api.identities", R"([{"name":"ctl","token":")" + kToken + R"("}])");
    const ConnectorProcess connector(certificates.setup);
    ApiClient api("127.0.0.1", certificates.setup.apiPort(), httpsContext(Mode::Tls));
    api.setToken(kToken);
    const auto mapping = api.addPublic();
    const auto agent = connector.agent(mapping.port1, mapping.passcode1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
