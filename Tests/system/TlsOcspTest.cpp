#include "Commands.h"
#include "ConnectorProcess.h"
#include "OcspResponder.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <memory>
#include <optional>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

using std::chrono::hours;

constexpr std::array kVersions{TLS1_2_VERSION, TLS1_3_VERSION};

/// A Connector that has a file for the response about its certificate.
struct Stapling {
    Stapling() { setup.set("tls.ocsp", file()); }

    std::string file() const { return setup.folder().path("ocsp.der"); }

    void write(const std::string& response) { writeFile(file(), response); }

    void start() {
        connector.emplace(setup);
        port = connector->api().addPublic().port2;
    }

    void hangUp(const std::string& expected) {
        const auto logged = connector->log().size();
        connector->process().signal(SIGHUP);
        waitUntil("\"" + expected + "\" in the log",
                  [&] { return connector->log().find(expected, logged) != std::string::npos; });
    }

    PipeClient connect(int version = TLS1_3_VERSION, bool wantsOcsp = true) const {
        return connector->connect(port, {.tls = std::make_shared<TlsSettings>(TlsSettings::Options{
                                             .trustedFile = CertificateAuthority::shared().certificateFile(),
                                             .onlyVersion = version,
                                             .wantsOcsp = wantsOcsp})});
    }

    std::string stapled() const { return connect().ocspResponse(); }

    /// What `check` says.
    Finished check() { return runCommand(setup, {"check"}); }

    ConnectorSetup setup{Mode::Tls};
    OcspResponder responder{CertificateAuthority::shared()};
    const KeyPair& certificate = setup.serverCertificate();
    std::optional<ConnectorProcess> connector;
    std::uint16_t port = 0;
};

/// Another certificate takes the place of the server's.
KeyPair renew(const ConnectorSetup& setup) {
    const auto renewed = CertificateAuthority::shared().issue(setup.folder(), "renewed");
    writeFile(setup.serverCertificate().certificateFile, readFile(renewed.certificateFile));
    writeFile(setup.serverCertificate().keyFile, readFile(renewed.keyFile));
    return renewed;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(TlsOcsp, Stapling)

BOOST_DATA_TEST_CASE_F(Stapling, ResponseIsShownToWhoeverAsksForIt, kVersions, version) {
    const auto response = responder.about(certificate);
    write(response);
    start();
    BOOST_TEST((connect(version).ocspResponse() == response));
    BOOST_TEST(connect(version, /*wantsOcsp*/ false).ocspResponse() == "");
    port = setup.apiPort();
    BOOST_TEST((connect(version).ocspResponse() == response));
}

BOOST_AUTO_TEST_CASE(WithoutTheKeyNothingIsShown) {
    setup.unset("tls.ocsp");
    start();
    BOOST_TEST(stapled() == "");
}

BOOST_AUTO_TEST_CASE(RenewedResponseIsShownAfterHangup) {
    write(responder.about(certificate));
    start();
    const auto renewed = responder.holding(certificate, hours(-1), hours(1));
    write(renewed);
    hangUp("changed: tls.ocsp");
    BOOST_TEST((stapled() == renewed));
}

BOOST_AUTO_TEST_CASE(WhatIsNoResponseForTheCertificateIsAnError) {
    const auto other = CertificateAuthority::shared().issue(setup.folder(), "other");
    const auto whole = responder.about(certificate);
    const std::string tryLater{"\x30\x03\x0a\x01\x03", 5};
    const std::vector<std::pair<std::string, std::string>> cases{
        {"junk", "no OCSP response"},
        {"", "no OCSP response"},
        {whole.substr(0, whole.size() - 1), "no OCSP response"},
        {whole + "x", "no OCSP response"},
        {tryLater, "trylater"},
        {responder.about(other), "another certificate"}};
    for (const auto& [response, named] : cases) {
        write(response);
        for (const auto& words : {std::vector<std::string>{"check"}, {"start"}}) {
            const auto finished = runCommand(setup, words);
            BOOST_TEST(hasFailed(finished, kConfig, {"tls.ocsp", file(), named}), shown(finished));
        }
    }
    setup.set("tls.ocsp", setup.folder().path("missing.der"));
    const auto finished = check();
    BOOST_TEST(hasFailed(finished, kConfig, {"tls.ocsp", "missing.der"}), shown(finished));
}

BOOST_AUTO_TEST_CASE(BadRenewalKeepsWhatWas) {
    const auto response = responder.about(certificate);
    write(response);
    start();
    const auto other = CertificateAuthority::shared().issue(setup.folder(), "other");
    for (const auto& bad : {std::string("junk"), responder.about(other)}) {
        write(bad);
        hangUp("is refused, all stays as it was: " + setup.configFile() + ": tls.ocsp: " + file());
        BOOST_TEST((stapled() == response));
    }
    write(responder.holding(certificate, hours(-1), hours(1)));
    hangUp("changed: tls.ocsp");
}

/// A renewal of the certificate must not fail for want of a response.
BOOST_AUTO_TEST_CASE(ResponseAboutAnEarlierCertificateIsNotShown) {
    write(responder.about(certificate));
    start();
    const auto renewed = renew(setup);
    hangUp("the OCSP response is about an earlier certificate");
    hangUp("nothing has changed");
    BOOST_TEST(connect().serverCommonName() == "renewed");
    BOOST_TEST(stapled() == "");
    const auto response = responder.about(renewed);
    write(response);
    hangUp("changed: tls.ocsp");
    BOOST_TEST((stapled() == response));
}

BOOST_AUTO_TEST_CASE(ExpiredResponseIsNotShownAndLoggedOnce) {
    write(responder.holding(certificate, hours(-2), hours(-1)));
    start();
    for (int number = 0; number < 5; ++number)
        BOOST_TEST(stapled() == "");
    const auto logged = connector->log();
    const auto found = logged.find("the OCSP response expired on");
    BOOST_TEST(found != std::string::npos);
    BOOST_TEST(logged.find("the OCSP response expired on", found + 1) == std::string::npos);
    connector.reset();
    const auto finished = check();
    BOOST_TEST(finished.exitCode == 0, shown(finished));
    BOOST_TEST(says(finished, file() + ": the OCSP response expired on"), shown(finished));
}

BOOST_AUTO_TEST_CASE(RevocationIsShownAndLogged) {
    const auto response = responder.revoked(certificate);
    write(response);
    start();
    BOOST_TEST((stapled() == response));
    connector->waitForLog("the OCSP response says that the certificate is revoked");
    connector.reset();
    BOOST_TEST(says(check(), "the OCSP response says that the certificate is revoked"));
}

BOOST_AUTO_TEST_CASE(CheckWarnsOfWhatExpiresSoon) {
    write(responder.holding(certificate, hours(-17), hours(7)));
    BOOST_TEST(says(check(), "the OCSP response expires on"), "seven hours of a day are left");
    write(responder.holding(certificate, hours(-15), hours(9)));
    BOOST_TEST(!says(check(), "the OCSP response"), "nine hours of a day are left");
    write(responder.withoutEnd(certificate));
    BOOST_TEST(says(check(), "the OCSP response doesn't say when it expires"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
