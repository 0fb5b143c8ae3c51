#include "OpenPipe.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>

namespace connector::test {

namespace bdata = boost::unit_test::data;

namespace {

enum class KeyKind { P256, Rsa };
/// The suites of TLS 1.2, and the key that the server needs for them.
struct Suite {
    KeyKind key;
    std::string name;
};
std::ostream& operator<<(std::ostream& out, const Suite& suite) {
    return out << suite.name;
}

const std::vector<Suite> kGoodSuites{
    {KeyKind::P256, "ECDHE-ECDSA-AES128-GCM-SHA256"}, {KeyKind::P256, "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {KeyKind::P256, "ECDHE-ECDSA-CHACHA20-POLY1305"}, {KeyKind::Rsa, "ECDHE-RSA-AES128-GCM-SHA256"},
    {KeyKind::Rsa, "ECDHE-RSA-AES256-GCM-SHA384"},    {KeyKind::Rsa, "ECDHE-RSA-CHACHA20-POLY1305"}};

const std::vector<Suite> kBadSuites{{KeyKind::P256, "ECDHE-ECDSA-AES128-SHA256"},
                                    {KeyKind::P256, "ECDHE-ECDSA-AES256-SHA"},
                                    {KeyKind::P256, "ECDHE-ECDSA-AES256-CCM8"},
                                    {KeyKind::Rsa, "ECDHE-RSA-AES128-SHA256"},
                                    {KeyKind::Rsa, "ECDHE-RSA-AES256-SHA"},
                                    {KeyKind::Rsa, "AES128-GCM-SHA256"},
                                    {KeyKind::Rsa, "AES256-SHA"},
                                    {KeyKind::Rsa, "DHE-RSA-AES128-GCM-SHA256"},
                                    {KeyKind::Rsa, "DHE-RSA-CHACHA20-POLY1305"}};

constexpr std::array kVersions{TLS1_2_VERSION, TLS1_3_VERSION};

std::string trusted() {
    return CertificateAuthority::shared().certificateFile();
}

/// A Connector that has a key of this kind, and what has handshakes of its own there.
class Server {
  public:
    explicit Server(KeyKind kind = KeyKind::P256)
        : _setup(kind), _connector(_setup.setup), _mapping(_connector.api().addPublic()) {}

    std::array<std::uint16_t, 3> ports() const {
        return {_setup.setup.apiPort(), _mapping.port1, _mapping.port2};
    }

    PipeClient connect(std::uint16_t port, const TlsSettings::Options& options) const {
        return _connector.connect(port, {.tls = std::make_shared<TlsSettings>(options)});
    }

    void requireRefused(const TlsSettings::Options& options) const {
        for (const auto port : ports())
            BOOST_CHECK_THROW(connect(port, options), ConnectionLost);
    }

  private:
    struct Setup {
        explicit Setup(KeyKind kind) {
            if (kind != KeyKind::Rsa) return;
            const auto pair = CertificateAuthority::shared().issueWithRsaKey(setup.folder(), "rsa");
            setup.set("tls.certificate", pair.certificateFile).set("tls.key", pair.keyFile);
        }
        ConnectorSetup setup{Mode::Tls};
    };

    Setup _setup;
    ConnectorProcess _connector;
    AddedMapping _mapping;
};

} // namespace

BOOST_AUTO_TEST_SUITE(TlsProfile)

BOOST_DATA_TEST_CASE(SuitesOfTheProfileAreSpoken, kGoodSuites, suite) {
    const Server server(suite.key);
    for (const auto port : server.ports())
        BOOST_TEST(
            server
                .connect(port,
                         {.trustedFile = trusted(), .onlyVersion = TLS1_2_VERSION, .suites = suite.name})
                .suite() == suite.name);
}

BOOST_DATA_TEST_CASE(OtherSuitesAreRefused, kBadSuites, suite) {
    Server(suite.key).requireRefused(
        {.trustedFile = trusted(), .onlyVersion = TLS1_2_VERSION, .suites = suite.name});
}

/// Whoever can do no AES in hardware says so by naming ChaCha20 first.
BOOST_AUTO_TEST_CASE(ServersPreferenceDecides) {
    const Server server;
    const auto suiteFor = [&](const std::string& offered) {
        return server
            .connect(server.ports().front(),
                     {.trustedFile = trusted(), .onlyVersion = TLS1_2_VERSION, .suites = offered})
            .suite();
    };
    const std::string aes128 = "ECDHE-ECDSA-AES128-GCM-SHA256";
    const std::string aes256 = "ECDHE-ECDSA-AES256-GCM-SHA384";
    const std::string chacha = "ECDHE-ECDSA-CHACHA20-POLY1305";
    BOOST_TEST(suiteFor(aes256 + ":" + chacha + ":" + aes128) == aes128);
    BOOST_TEST(suiteFor(aes256 + ":" + chacha) == aes256);
    BOOST_TEST(suiteFor(chacha + ":" + aes128) == chacha);
}

/// With RSA, as the groups of TLS 1.2 are about the certificate's key, too.
BOOST_DATA_TEST_CASE(GroupsOfTheProfileAreSpoken, kVersions, version) {
    const Server server(KeyKind::Rsa);
    for (const auto port : server.ports())
        for (const auto* group : {"X25519", "prime256v1", "secp384r1"})
            BOOST_TEST(
                server.connect(port, {.trustedFile = trusted(), .onlyVersion = version, .groups = group})
                    .group() == group);
}

BOOST_DATA_TEST_CASE(OtherGroupsAreRefused, kVersions, version) {
    const Server server(KeyKind::Rsa);
    for (const auto* group : {"X448", "secp521r1", "brainpoolP256r1"})
        if (version == TLS1_2_VERSION || group != std::string("brainpoolP256r1"))
            server.requireRefused({.trustedFile = trusted(), .onlyVersion = version, .groups = group});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector::test
