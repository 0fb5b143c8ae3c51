#include "cli/setup/Certificates.h"
#include "net/PemFiles.h"
#include "net/TlsCredentials.h"

#include <Poco/TemporaryFile.h>

#include <boost/test/unit_test.hpp>

#include <openssl/pem.h>

#include <fstream>

namespace {

using namespace connector;
using Pointer = ServerCertificate::Pointer;

constexpr long kDay = 86400;

/// Certificates for these names, in files that are named after them.
struct Folder {
    Folder() { folder.createDirectory(); }

    /// ends: seconds from now; 0: in years.
    Pointer certificate(const std::string& file, const std::vector<std::string>& names, long ends = 0) {
        const auto path = folder.path() + "/" + file;
        const auto made = SelfSignedCertificate::make(names);
        std::ofstream(path) << made.certificate;
        std::ofstream(path + ".key") << made.key;
        if (ends != 0) setEnd(path, ends);
        return std::make_shared<const ServerCertificate>(path, path + ".key");
    }

    static void setEnd(const std::string& path, long ends) {
        const auto certificate = std::move(certificatesOf(path, "certificate").front());
        ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), ends);
        ::X509_sign(certificate.get(), keyOf(path + ".key").get(), ::EVP_sha256());
        const BioPointer file(::BIO_new_file(path.c_str(), "w"));
        ::PEM_write_bio_X509(file.get(), certificate.get());
    }

    Poco::TemporaryFile folder;
};

std::string chosen(const CertificateChoice& choice, const std::string& name, long later = 0) {
    const auto& file = choice.of(name, std::time(nullptr) + later).file();
    return file.substr(file.rfind('/') + 1);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(CertificateChoices, Folder)

BOOST_AUTO_TEST_CASE(the_first_is_for_all_that_none_is_for) {
    const CertificateChoice choice(
        {certificate("first", {"a.example"}), certificate("second", {"b.example"})});
    BOOST_TEST(chosen(choice, "") == "first");
    BOOST_TEST(chosen(choice, "c.example") == "first");
    BOOST_TEST(chosen(choice, "a.example") == "first");
    BOOST_TEST(chosen(choice, "b.example") == "second");
    BOOST_TEST(chosen(choice, "B.EXAMPLE") == "second");
    BOOST_TEST(chosen(choice, "b.example.") == "second");
}

BOOST_AUTO_TEST_CASE(a_wildcard_is_for_one_label) {
    const CertificateChoice choice(
        {certificate("first", {"x.example"}), certificate("wild", {"*.fog.example"})});
    BOOST_TEST(chosen(choice, "a.fog.example") == "wild");
    for (const auto* name : {"fog.example", "a.b.fog.example", "afog.example", "example", "a."})
        BOOST_TEST(chosen(choice, name) == "first", name);
    BOOST_TEST(choice.covers("*.fog.example"));
    BOOST_TEST(choice.covers("x.example"));
    BOOST_TEST(!choice.covers("*.example"));
    BOOST_TEST(!choice.covers("a.fog.example"));
}

BOOST_AUTO_TEST_CASE(a_name_goes_before_a_wildcard) {
    const CertificateChoice choice(
        {certificate("wild", {"*.fog.example"}), certificate("exact", {"a.fog.example", "b.example"})});
    BOOST_TEST(chosen(choice, "a.fog.example") == "exact");
    BOOST_TEST(chosen(choice, "b.fog.example") == "wild");
}

/// As they are at the handshake.
BOOST_AUTO_TEST_CASE(one_that_is_valid_goes_before_one_that_is_not) {
    const CertificateChoice choice(
        {certificate("default", {"x.example"}), certificate("short", {"a.fog.example"}, kDay),
         certificate("long", {"a.fog.example"}, 3 * kDay), certificate("wild", {"*.fog.example"}, 5 * kDay)});
    BOOST_TEST(chosen(choice, "a.fog.example") == "short");
    BOOST_TEST(chosen(choice, "a.fog.example", 2 * kDay) == "long");
    BOOST_TEST(chosen(choice, "a.fog.example", 4 * kDay) == "wild");
    BOOST_TEST(chosen(choice, "a.fog.example", 6 * kDay) == "short", "none is, so the first");
    BOOST_TEST(chosen(choice, "a.fog.example", -2 * kDay) == "short", "nor before");
}

BOOST_AUTO_TEST_CASE(addresses_are_no_names) {
    const CertificateChoice choice(
        {certificate("first", {"a.example"}), certificate("second", {"192.0.2.7"})});
    BOOST_TEST(chosen(choice, "192.0.2.7") == "first");
    BOOST_TEST(choice.all().back()->names().front() == "192.0.2.7");
}

BOOST_AUTO_TEST_SUITE_END()
