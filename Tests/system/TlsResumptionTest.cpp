#include "ConnectorProcess.h"

#include <Poco/Crypto/EVPPKey.h>
#include <Poco/Crypto/X509Certificate.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>

namespace connector::test {

namespace {

constexpr std::array kVersions{TLS1_2_VERSION, TLS1_3_VERSION};

std::shared_ptr<const TlsSettings> settings(TlsSettings::Options options) {
    options.trustedFile = CertificateAuthority::shared().certificateFile();
    return std::make_shared<TlsSettings>(options);
}

/// The status of a request on a connection that goes on behind it.
int statusOn(PipeClient& client, const std::string& path) {
    client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = client.readThrough("\r\n\r\n");
    const std::string field = "Content-Length: ";
    client.readExactly(std::stoul(head.substr(head.find(field) + field.size())));
    return std::stoi(head.substr(head.find(' ') + 1, 3));
}

/// A second connection to the API with what the first has been given.
struct Resumption {
    Resumption(const ConnectorProcess& connector, std::uint16_t port,
               const std::shared_ptr<const TlsSettings>& tls) {
        auto first = connector.connect(port, {.tls = tls});
        statusOn(first, "/health"); // tickets of TLS 1.3 come behind the handshake
        const auto session = first.session();
        hasTicket = SSL_SESSION_has_ticket(session.get()) == 1;
        life = std::chrono::seconds(SSL_SESSION_get_ticket_lifetime_hint(session.get()));
        isDone = connector.connect(port, {.tls = tls, .session = session}).wasResumed();
    }

    bool hasTicket = false;
    std::chrono::seconds life{}; ///< of the ticket, as the server says
    bool isDone = false;
};

/// A CA for API clients, and a Connector that asks for its certificates.
struct AskingSetup {
    AskingSetup() { setup.set("tls.controllers-ca", controllersCa.certificateFile()); }

    ConnectorSetup setup{Mode::Tls};
    CertificateAuthority controllersCa{"Controllers"};
};

/// Lets a certificate that has been issued expire, or makes it new: another one with the same names and key.
void setLife(const CertificateAuthority& authority, const KeyPair& pair, std::chrono::seconds life) {
    const Poco::Crypto::X509Certificate given(pair.certificateFile);
    const Poco::Crypto::EVPPKey key("", authority.keyFile());
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_dup(given.certificate()), X509_free);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), static_cast<long>(life.count()));
    X509_sign(certificate.get(), const_cast<EVP_PKEY*>(static_cast<const EVP_PKEY*>(key)), EVP_sha256());
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(pair.certificateFile.c_str(), "w"),
                                                         BIO_free);
    PEM_write_bio_X509(file.get(), certificate.get());
}

} // namespace

BOOST_AUTO_TEST_SUITE(TlsResumption)

BOOST_DATA_TEST_CASE(SessionsOfApiClientsAreResumed, kVersions, version) {
    const ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(setup);
    const Resumption resumption(connector, setup.apiPort(),
                                settings({.trustedFile = "", .onlyVersion = version}));
    BOOST_TEST(resumption.hasTicket);
    BOOST_TEST((resumption.life == std::chrono::hours(24)), "as long as a key");
    BOOST_TEST(resumption.isDone);
}

/// The client has to keep what a session needs: nothing is kept of it here.
BOOST_AUTO_TEST_CASE(WithoutTicketsNothingIsResumed) {
    const ConnectorSetup setup(Mode::Tls);
    const ConnectorProcess connector(setup);
    const Resumption resumption(
        connector, setup.apiPort(),
        settings({.trustedFile = "", .onlyVersion = TLS1_2_VERSION, .takesTickets = false}));
    BOOST_TEST(!resumption.isDone);
}

/// A resumed session would be known by a certificate that may have expired meanwhile.
BOOST_DATA_TEST_CASE(WhereCertificatesAreAskedForNothingIsResumed, kVersions, version) {
    const AskingSetup asking;
    const auto client = asking.controllersCa.issue(asking.setup.folder(), "controller");
    const ConnectorProcess connector(asking.setup);
    for (const auto& shown : {std::optional<KeyPair>(), std::optional<KeyPair>(client)}) {
        const Resumption resumption(
            connector, asking.setup.apiPort(),
            settings({.trustedFile = "", .onlyVersion = version, .clientCertificate = shown}));
        BOOST_TEST(!resumption.hasTicket);
        BOOST_TEST(!resumption.isDone);
    }
}

BOOST_AUTO_TEST_CASE(CertificateThatExpiresOnAnOpenConnectionCountsNoMore) {
    AskingSetup asking;
    const auto client = asking.controllersCa.issue(asking.setup.folder(), "controller");
    setLife(asking.controllersCa, client, std::chrono::seconds(8));
    asking.setup.setJson("api.identities",
                         R"([{"name":"controller","certificate":")" + client.fingerprint() + R"("}])");
    const ConnectorProcess connector(asking.setup);
    auto connection = connector.connect(asking.setup.apiPort(),
                                        {.tls = settings({.trustedFile = "", .clientCertificate = client})});
    BOOST_TEST(statusOn(connection, "/api/v2/mapping") == 200);
    waitUntil("the caller is not known any more",
              [&] { return statusOn(connection, "/api/v2/mapping") == 403; });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
