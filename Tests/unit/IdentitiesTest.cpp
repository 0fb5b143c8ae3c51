#include "auth/Identities.h"

#include <boost/test/unit_test.hpp>

using connector::Credentials;
using connector::FieldError;
using connector::Identities;
using connector::Identity;
using connector::JsonFields;
using connector::parseJsonObject;
using Verdict = Identities::Verdict;

namespace connector {

std::ostream& operator<<(std::ostream& out, Identities::Verdict verdict) {
    return out << static_cast<int>(verdict);
}

} // namespace connector

namespace {

const std::string kToken = "correct-horse-battery";
const std::string kFingerprint = "27dfd8f7aa347e15928f5a4262ee7f30a24746e1aa354f9d641af1250dbcce0d";
const std::string kFingerprintWithColons =
    "27:DF:D8:F7:AA:34:7E:15:92:8F:5A:42:62:EE:7F:30:A2:47:46:E1:AA:35:4F:9D:64:1A:F1:25:0D:BC:CE:0D";

Identity identity(const std::string& json) {
    JsonFields fields(parseJsonObject(json), "api.identities[0]");
    return readIdentity(fields);
}

const Identity kByToken = identity(R"({"name":"by token","token":")" + kToken + R"("})");
const Identity kByNetwork = identity(R"({"name":"by network","network":"192.0.2.0/24"})");
const Identity kByCertificate =
    identity(R"({"name":"by certificate","certificate":")" + kFingerprintWithColons + R"("})");

Credentials from(const std::string& address, const std::string& authorization = "",
                 const std::string& certificate = "") {
    return {Poco::Net::IPAddress(address), authorization, certificate};
}

auto says(const std::string& part) {
    return
        [part](const FieldError& error) { return std::string(error.what()).find(part) != std::string::npos; };
}

} // namespace

BOOST_AUTO_TEST_SUITE(IdentitiesOfCallers)

BOOST_AUTO_TEST_CASE(a_token_is_proof_from_anywhere) {
    const Identities identities({kByNetwork, kByToken}, false);
    for (const auto& header : {"Bearer " + kToken, "bearer " + kToken, "Bearer   " + kToken + " "}) {
        const auto caller = identities.recognize(from("203.0.113.1", header));
        BOOST_TEST(caller.verdict == Verdict::Known, header);
        BOOST_TEST(caller.name == "by token");
    }
}

BOOST_AUTO_TEST_CASE(a_wrong_token_is_told_from_a_right_one) {
    const Identities identities({kByToken}, false);
    for (const auto& header :
         {std::string(), "Bearer " + kToken + "x", "Bearer " + kToken.substr(1), kToken, "Basic " + kToken,
          "Bearer" + kToken, std::string("Bearer "), std::string("Bearer")})
        BOOST_TEST(identities.recognize(from("203.0.113.1", header)).verdict == Verdict::NeedsToken, header);
}

BOOST_AUTO_TEST_CASE(a_network_is_proof_without_anything_sent) {
    const Identities identities({kByToken, kByNetwork}, false);
    BOOST_TEST(identities.recognize(from("192.0.2.9")).name == "by network");
    BOOST_TEST(identities.recognize(from("::ffff:192.0.2.9")).name == "by network");
    BOOST_TEST(identities.recognize(from("192.0.3.9")).verdict == Verdict::NeedsToken);
}

BOOST_AUTO_TEST_CASE(a_certificate_is_proof) {
    const Identities identities({kByCertificate}, false);
    BOOST_TEST(identities.recognize(from("203.0.113.1", "", kFingerprint)).name == "by certificate");
    BOOST_TEST(identities.recognize(from("203.0.113.1", "", std::string(64, '0'))).verdict ==
               Verdict::Forbidden);
    BOOST_TEST(identities.recognize(from("203.0.113.1")).verdict == Verdict::Forbidden);
}

BOOST_AUTO_TEST_CASE(where_no_token_helps_nobody_is_asked_for_one) {
    const Identities identities({kByNetwork}, false);
    BOOST_TEST(identities.recognize(from("203.0.113.1")).verdict == Verdict::Forbidden);
    BOOST_TEST(identities.recognize(from("203.0.113.1", "Bearer wrong")).verdict == Verdict::NeedsToken);
}

BOOST_AUTO_TEST_CASE(the_first_identity_proven_is_the_one) {
    const Identities identities({kByNetwork, kByCertificate, kByToken}, false);
    BOOST_TEST(identities.recognize(from("192.0.2.9", "Bearer " + kToken, kFingerprint)).name ==
               "by network");
    BOOST_TEST(identities.recognize(from("203.0.113.1", "Bearer " + kToken, kFingerprint)).name ==
               "by certificate");
}

BOOST_AUTO_TEST_CASE(anonymous_is_whoever_is_nobody_else) {
    const Identities identities({kByToken}, true);
    BOOST_TEST(identities.recognize(from("203.0.113.1", "Bearer " + kToken)).name == "by token");
    BOOST_TEST(identities.recognize(from("203.0.113.1")).name == "anonymous");
    BOOST_TEST(identities.recognize(from("203.0.113.1", "Bearer wrong")).name == "anonymous");
    BOOST_TEST(identities.recognize(from("203.0.113.1")).verdict == Verdict::Anonymous);
    BOOST_TEST(Identities({}, false).recognize(from("203.0.113.1")).name == "anonymous");
}

BOOST_AUTO_TEST_CASE(an_entry_has_a_name) {
    for (const auto* name : {R"("")", R"("  ")", R"("a\nb")", R"("a\u007fb")", "5", "null"})
        BOOST_CHECK_EXCEPTION(identity(R"({"name":)" + std::string(name) + R"(,"network":"192.0.2.0/24"})"),
                              FieldError, says("api.identities[0].name: "));
    BOOST_CHECK_EXCEPTION(identity(R"({"network":"192.0.2.0/24"})"), FieldError, says("name: missing"));
    BOOST_CHECK_THROW(identity(R"({"name":")" + std::string(65, 'x') + R"(","network":"192.0.2.0/24"})"),
                      FieldError);
    BOOST_TEST(identity(R"({"name":"Fog \u20AC","network":"192.0.2.0/24"})").name == "Fog \u20AC");
}

BOOST_AUTO_TEST_CASE(an_entry_has_exactly_one_proof) {
    BOOST_CHECK_EXCEPTION(identity(R"({"name":"x"})"), FieldError, says("exactly one"));
    BOOST_CHECK_EXCEPTION(identity(R"({"name":"x","network":"192.0.2.0/24","token":")" + kToken + R"("})"),
                          FieldError, says("exactly one"));
    BOOST_CHECK_EXCEPTION(identity(R"({"name":"x","network":"192.0.2.0/24","tokn":"a"})"), FieldError,
                          says("tokn"));
}

BOOST_AUTO_TEST_CASE(tokens_are_long_and_printable_and_never_shown) {
    for (const auto* token : {"", "fifteen-letters", "with space within it", "with\\ttab-within-it",
                              "l\u00E4nger-als-sechzehn"}) {
        BOOST_CHECK_EXCEPTION(identity(R"({"name":"x","token":")" + std::string(token) + R"("})"), FieldError,
                              says("api.identities[0].token: it must be at least 16 characters"));
    }
    BOOST_CHECK_NO_THROW(identity(R"({"name":"x","token":"sixteen-letters!"})"));
}

BOOST_AUTO_TEST_CASE(networks_and_fingerprints_are_checked) {
    for (const auto* network : {"", "192.0.2.1", "192.0.2.1/24", "everywhere"})
        BOOST_CHECK_EXCEPTION(identity(R"({"name":"x","network":")" + std::string(network) + R"("})"),
                              FieldError, says("network: "));
    for (const auto& certificate :
         {std::string(), std::string("27:DF"), std::string(64, 'g'), kFingerprint + "0"})
        BOOST_CHECK_EXCEPTION(identity(R"({"name":"x","certificate":")" + certificate + R"("})"), FieldError,
                              says("certificate: "));
}

BOOST_AUTO_TEST_SUITE_END()
