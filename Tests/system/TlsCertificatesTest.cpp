#include "Commands.h"
#include "MetricsPage.h"
#include "OcspResponder.h"
#include "ReloadedConnector.h"

#include <Poco/Crypto/X509Certificate.h>
#include <Poco/Net/StreamSocket.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

constexpr std::array kVersions{TLS1_2_VERSION, TLS1_3_VERSION};

/// What a client is shown in a handshake.
struct Shown {
    std::string commonName;
    std::string ocsp;
};

/// name: the server's, as the client says (SNI); "": it doesn't.
Shown shownTo(const std::string& name, std::uint16_t port, int version = TLS1_3_VERSION) {
    const TlsSettings settings({.trustedFile = CertificateAuthority::shared().certificateFile(),
                                .onlyVersion = version,
                                .wantsOcsp = true});
    Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", port));
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(settings.context()), SSL_free);
    SSL_set_fd(ssl.get(), static_cast<int>(socket.impl()->sockfd()));
    if (!name.empty()) SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    if (SSL_connect(ssl.get()) != 1) throw std::runtime_error("no handshake: " + openSslError());
    const Poco::Crypto::X509Certificate certificate(SSL_get1_peer_certificate(ssl.get()));
    const unsigned char* response = nullptr;
    const auto size = SSL_get_tlsext_status_ocsp_resp(ssl.get(), &response);
    return {certificate.commonName(),
            size <= 0 ? ""
                      : std::string(reinterpret_cast<const char*>(response), static_cast<std::size_t>(size))};
}

/// An entry of tls.certificates.
std::string entry(const KeyPair& pair, const std::string& ocsp = "") {
    return R"({"certificate":")" + pair.certificateFile + R"(","key":")" + pair.keyFile + "\"" +
           (ocsp.empty() ? "" : R"(,"ocsp":")" + ocsp + "\"") + "}";
}

/// A Connector with several certificates, which are called after what they are for.
struct Several {
    Several() {
        connector.setup.unset("tls.certificate").unset("tls.key");
        setCertificates(entry(first) + "," + entry(wildcard) + "," + entry(exact));
    }

    KeyPair issue(const std::string& name, const std::string& subjectNames) const {
        return CertificateAuthority::shared().issueWith(connector.setup.folder(), name, subjectNames);
    }

    void setCertificates(const std::string& entries) {
        connector.setup.setJson("tls.certificates", "[" + entries + "]");
    }

    Finished check() { return runCommand(connector.setup, {"check"}); }

    std::string shownBy(std::uint16_t port, const std::string& name) const {
        return shownTo(name, port).commonName;
    }

    ReloadedConnector connector{Mode::Tls};
    KeyPair first = issue("first", "IP:127.0.0.1,DNS:connector.example.org");
    KeyPair wildcard = issue("wildcard", "DNS:*.Fog.example.org");
    KeyPair exact = issue("exact", "DNS:web.fog.example.org,DNS:shop.example.net");
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(TlsCertificates, Several)

BOOST_DATA_TEST_CASE_F(Several, ClientsAreShownTheOneForTheNameThatTheySay, kVersions, version) {
    connector.start();
    const auto mapping = connector.api().addPublic();
    const std::vector<std::pair<std::string, std::string>> cases{{"", "first"},
                                                                 {"connector.example.org", "first"},
                                                                 {"elsewhere.example.com", "first"},
                                                                 {"localhost", "first"},
                                                                 {"a.fog.example.org", "wildcard"},
                                                                 {"A.FOG.Example.ORG", "wildcard"},
                                                                 {"web.fog.example.org", "exact"},
                                                                 {"shop.example.net", "exact"},
                                                                 {"fog.example.org", "first"},
                                                                 {"a.b.fog.example.org", "first"},
                                                                 {"afog.example.org", "first"}};
    for (const auto port : {connector.setup.apiPort(), mapping.port1, mapping.port2})
        for (const auto& [name, expected] : cases)
            BOOST_TEST(shownTo(name, port, version).commonName == expected, name << " at " << port);
}

BOOST_AUTO_TEST_CASE(EachHasAResponseOfItsOwn) {
    const OcspResponder responder(CertificateAuthority::shared());
    const auto aboutFirst = connector.setup.folder().write("first.der", responder.about(first));
    const auto aboutExact = connector.setup.folder().write("exact.der", responder.about(exact));
    setCertificates(entry(first, aboutFirst) + "," + entry(wildcard) + "," + entry(exact, aboutExact));
    connector.start();
    const auto port = connector.setup.apiPort();
    BOOST_TEST((shownTo("", port).ocsp == readFile(aboutFirst)));
    BOOST_TEST((shownTo("web.fog.example.org", port).ocsp == readFile(aboutExact)));
    BOOST_TEST(shownTo("a.fog.example.org", port).ocsp == "");

    writeFile(aboutExact, readFile(aboutFirst));
    const auto line = connector.reload();
    for (const auto& part : {std::string("is refused"), "tls.certificates[2].ocsp: " + aboutExact})
        BOOST_TEST((line.find(part) != std::string::npos), line);
}

BOOST_AUTO_TEST_CASE(ReloadTakesAllOfThemOrNone) {
    connector.start();
    const auto port = connector.setup.apiPort();
    const auto renewed = issue("renewed", "DNS:*.fog.example.org");
    writeFile(first.certificateFile, readFile(renewed.certificateFile));
    writeFile(first.keyFile, readFile(renewed.keyFile));
    const auto key = readFile(wildcard.keyFile);
    writeFile(wildcard.keyFile, "junk");
    const auto line = connector.reload();
    for (const auto& part :
         {std::string("is refused"), std::string("tls.certificates[1].key"), wildcard.keyFile})
        BOOST_TEST((line.find(part) != std::string::npos), line);
    BOOST_TEST(shownBy(port, "") == "first");
    BOOST_TEST(shownBy(port, "a.fog.example.org") == "wildcard");

    writeFile(wildcard.keyFile, key);
    connector.reload("tls.certificates");
    BOOST_TEST(shownBy(port, "") == "renewed");
    BOOST_TEST(shownBy(port, "a.fog.example.org") == "renewed", "the first of two with the same name");

    setCertificates(entry(exact));
    connector.reload("tls.certificates");
    BOOST_TEST(shownBy(port, "a.fog.example.org") == "exact");
}

BOOST_AUTO_TEST_CASE(MistakesAreNamed) {
    struct Case {
        std::string certificates;
        std::vector<std::string> named;
    };
    const auto other = issue("other", "DNS:other.example.org");
    const KeyPair missing{connector.setup.folder().path("missing.pem"), first.keyFile};
    const KeyPair mixed{other.certificateFile, wildcard.keyFile};
    const std::vector<Case> cases{
        {"", {"tls.certificates", "at least one"}},
        {"\"a.pem\"", {"tls.certificates", "an array of objects"}},
        {"{}", {"tls.certificates[0].certificate"}},
        {entry(first) + R"(,{"certificate":"a.pem"})", {"tls.certificates[1].key"}},
        {R"({"certificate":"a.pem","key":"b.pem","name":"c"})", {"tls.certificates[0].name", "unknown key"}},
        {entry(first) + "," + entry(missing), {"tls.certificates[1].certificate", missing.certificateFile}},
        {entry(first) + "," + entry(mixed), {"tls.certificates[1].key", mixed.keyFile, "does not belong"}},
        {entry(first) + "," + entry(first), {"tls.certificates[1].certificate", "no other entry"}},
        {entry(first) + "," + entry(wildcard, "missing.der"), {"tls.certificates[1].ocsp", "missing.der"}}};
    for (const auto& [certificates, named] : cases) {
        setCertificates(certificates);
        const auto finished = check();
        BOOST_TEST(hasFailed(finished, kConfig, named), shown(finished));
    }
    setCertificates(entry(first));
    for (const auto* key : {"tls.certificate", "tls.key", "tls.ocsp"}) {
        connector.setup.set(key, "x.pem");
        const auto finished = check();
        BOOST_TEST(hasFailed(finished, kConfig, {key, "tls.certificates is given"}), shown(finished));
        connector.setup.unset(key);
    }
}

BOOST_AUTO_TEST_CASE(AllAreInCheckAndMetrics) {
    const auto finished = check();
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    for (const auto& part : {wildcard.certificateFile + ": for *.Fog.example.org",
                             exact.certificateFile + ": for web.fog.example.org, shop.example.net"})
        BOOST_TEST(says(finished, part), shown(finished));
    connector.start();
    const auto page = metricsOf(connector.api());
    for (const auto& pair : {first, wildcard, exact})
        BOOST_TEST(page.value("tls_certificate_not_after_timestamp_seconds",
                              {{"file", pair.certificateFile}}) > page.value("start_time_seconds"));
}

/// At the check, at the start, and when it is read again.
BOOST_AUTO_TEST_CASE(DomainWithoutACertificateIsWarnedOf) {
    const std::string warning = "front.domain: no certificate is for *.fog.example.org";
    const auto names = "there are certificates for 127.0.0.1, connector.example.org, web.fog.example.org";
    connector.setup.set("front.domain", "fog.example.org")
        .set("front.port", connector.setup.apiPort() + 110)
        .set("front.http-port", 0)
        .set("api.anonymous", true);
    BOOST_TEST(!says(check(), warning), "there is one");
    setCertificates(entry(first) + "," + entry(exact));
    const auto finished = check();
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    for (const auto& part : {warning, std::string(names)})
        BOOST_TEST(says(finished, part), shown(finished));

    connector.start();
    connector.connector().waitForLog(warning);
    setCertificates(entry(first));
    const auto logged = connector.connector().log().size();
    connector.reload("tls.certificates");
    waitUntil("the reload warns", [&] {
        return connector.connector().log().find("certificates for 127.0.0.1, connector.example.org\n",
                                                logged) != std::string::npos;
    });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
