#include "OpenPipe.h"

#include <Poco/File.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

/// What has a TLS handshake of its own.
enum class Service { Api, AgentPort, VisitorPort };
constexpr std::array kServices{Service::Api, Service::AgentPort, Service::VisitorPort};
std::ostream& operator<<(std::ostream& out, Service service) {
    constexpr std::array names{"API", "port1", "port2"};
    return out << names.at(static_cast<std::size_t>(service));
}

const auto kGoodVersions = bdata::make({TLS1_2_VERSION, TLS1_3_VERSION});
const auto kBadVersions = bdata::make({TLS1_VERSION, TLS1_1_VERSION});

std::uint16_t portOf(OpenPublicPipe& pipe, Service service) {
    if (service == Service::Api) return pipe.setup().apiPort();
    return service == Service::AgentPort ? pipe.mapping().port1 : pipe.mapping().port2;
}

std::shared_ptr<const TlsSettings> onlyVersion(int version) {
    return std::make_shared<TlsSettings>(TlsSettings::Options{
        .trustedFile = CertificateAuthority::shared().certificateFile(), .onlyVersion = version});
}

/// Puts another certificate and key in the place of the server's.
void replace(const ConnectorSetup& setup, const std::string& certificate, const std::string& key) {
    writeFile(setup.serverCertificate().certificateFile, certificate);
    writeFile(setup.serverCertificate().keyFile, key);
}

void renewAs(const ConnectorSetup& setup, const std::string& name) {
    const auto renewed = CertificateAuthority::shared().issue(setup.folder(), name);
    replace(setup, readFile(renewed.certificateFile), readFile(renewed.keyFile));
}

std::string nameShownBy(OpenPublicPipe& pipe, Service service) {
    return pipe.connector().connect(portOf(pipe, service)).serverCommonName();
}

/// SIGHUP, with files that must be refused.
void requireOldStays(OpenPublicPipe& pipe) {
    const auto logged = pipe.connector().log().size();
    pipe.connector().process().signal(SIGHUP);
    waitUntil("the refusal is logged", [&] {
        return pipe.connector().log().find(pipe.setup().serverCertificate().certificateFile, logged) !=
                   std::string::npos ||
               pipe.connector().log().find(pipe.setup().serverCertificate().keyFile, logged) !=
                   std::string::npos;
    });
    for (const auto service : kServices)
        BOOST_TEST(nameShownBy(pipe, service) == "server", service);
}

} // namespace

BOOST_AUTO_TEST_SUITE(Tls)

BOOST_DATA_TEST_CASE(Tls12And13AreSpoken, kGoodVersions* bdata::make(kServices), version, service) {
    OpenPublicPipe pipe(Mode::Tls);
    pipe.connector().connect(portOf(pipe, service), {.tls = onlyVersion(version)});
}

BOOST_DATA_TEST_CASE(OlderVersionsAreRefused, kBadVersions* bdata::make(kServices), version, service) {
    OpenPublicPipe pipe(Mode::Tls);
    BOOST_CHECK_THROW(pipe.connector().connect(portOf(pipe, service), {.tls = onlyVersion(version)}),
                      ConnectionLost);
}

BOOST_DATA_TEST_CASE(PipesWorkWithEitherVersion, kGoodVersions, version) {
    const OpenPublicPipe pipe(Mode::Tls);
    auto [visitor, agent] = pipe.relay({.tls = onlyVersion(version)}, {.tls = onlyVersion(version)});
    BOOST_TEST(areJoined(visitor, agent));
}

/// As a TLS 1.3 client gets its tickets behind the handshake, it must have read something before it can
/// resume.
BOOST_DATA_TEST_CASE(SessionsOfAgentsAreResumed, kGoodVersions, version) {
    const OpenPublicPipe pipe(Mode::Tls);
    const ConnectOptions options{.tls = onlyVersion(version)};
    auto first = pipe.waitingAgent(options);
    BOOST_TEST(!first.wasResumed());
    auto resuming = options;
    resuming.session = first.session();
    const auto second = pipe.waitingAgent(resuming);
    BOOST_TEST(second.wasResumed());
}

BOOST_DATA_TEST_CASE(SessionsOfVisitorsAreResumed, kGoodVersions, version) {
    const OpenPublicPipe pipe(Mode::Tls);
    const ConnectOptions options{.tls = onlyVersion(version)};
    auto [visitor, agent] = pipe.relay(options);
    BOOST_TEST(areJoined(visitor, agent));
    auto resuming = options;
    resuming.session = visitor.session();
    auto [again, secondAgent] = pipe.relay(resuming);
    BOOST_TEST(again.wasResumed());
    BOOST_TEST(areJoined(again, secondAgent));
}

BOOST_DATA_TEST_CASE(RenewedCertificateIsShownAfterHangup, bdata::make(kServices), service) {
    OpenPublicPipe pipe(Mode::Tls);
    auto [visitor, agent] = pipe.relay();
    BOOST_TEST(nameShownBy(pipe, service) == "server");
    renewAs(pipe.setup(), "renewed");
    BOOST_TEST(nameShownBy(pipe, service) == "server", "not before SIGHUP");
    pipe.connector().process().signal(SIGHUP);
    waitUntil("new handshakes show the new certificate",
              [&] { return nameShownBy(pipe, service) == "renewed"; });
    BOOST_TEST(areJoined(visitor, agent), "a renewal drops no connection");
}

BOOST_AUTO_TEST_CASE(BadRenewalsAreRefused) {
    OpenPublicPipe pipe(Mode::Tls);
    auto [visitor, agent] = pipe.relay();
    const auto certificate = readFile(pipe.setup().serverCertificate().certificateFile);
    const auto key = readFile(pipe.setup().serverCertificate().keyFile);
    const auto other = CertificateAuthority::shared().issue(pipe.setup().folder(), "other");

    replace(pipe.setup(), "junk", key);
    requireOldStays(pipe);
    replace(pipe.setup(), certificate, "junk");
    requireOldStays(pipe);
    replace(pipe.setup(), readFile(other.certificateFile), key);
    requireOldStays(pipe);
    Poco::File(pipe.setup().serverCertificate().keyFile).remove();
    requireOldStays(pipe);

    BOOST_TEST(areJoined(visitor, agent));
    renewAs(pipe.setup(), "renewed");
    pipe.connector().process().signal(SIGHUP);
    waitUntil("a good one is taken after bad ones",
              [&] { return nameShownBy(pipe, Service::Api) == "renewed"; });
}

BOOST_AUTO_TEST_CASE(HangupsDuringHandshakesHarmNothing) {
    OpenPublicPipe pipe(Mode::Tls);
    for (int number = 0; number < 50; ++number) {
        renewAs(pipe.setup(), number % 2 == 0 ? "even" : "odd");
        pipe.connector().process().signal(SIGHUP);
        const auto name = nameShownBy(pipe, Service::VisitorPort);
        BOOST_TEST((name == "server" || name == "even" || name == "odd"), name);
    }
}

BOOST_AUTO_TEST_CASE(PlainHttpAtTheHttpsPortHarmsNothing) {
    OpenPublicPipe pipe(Mode::Tls);
    PipeClient plain(Poco::Net::SocketAddress("127.0.0.1", pipe.setup().apiPort()));
    plain.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    plain.readToEnd();
    BOOST_TEST(pipe.api().get("/health").status == 200);
}

/// Junk where a handshake should be, and handshakes that are broken off.
BOOST_DATA_TEST_CASE(BrokenHandshakesHarmNothing, bdata::make(kServices), service) {
    OpenPublicPipe pipe(Mode::Tls);
    auto [visitor, agent] = pipe.relay();
    for (const auto& junk : {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
                             std::string(20000, '\0'), std::string("junk\r\n\r\n")}) {
        PipeClient stranger(Poco::Net::SocketAddress("127.0.0.1", portOf(pipe, service)));
        stranger.sendSome(junk);
        stranger.abort();
    }
    BOOST_TEST(areJoined(visitor, agent));
    pipe.connector().connect(portOf(pipe, service));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
