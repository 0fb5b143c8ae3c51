#include "net/ClientHello.h"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <vector>

using connector::ClientHello;
using Verdict = ClientHello::Verdict;

namespace {

ClientHello parsed(const std::string& bytes) {
    return ClientHello::parse(std::as_bytes(std::span(bytes)));
}

/// What OpenSSL's client says first. alpn: as on the wire.
std::string openSslHello(const std::string& serverName, const std::string& alpn) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                    SSL_CTX_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    auto* const out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
    if (!serverName.empty()) SSL_set_tlsext_host_name(ssl.get(), serverName.c_str());
    if (!alpn.empty())
        SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
    SSL_connect(ssl.get());
    char* bytes = nullptr;
    const auto length = BIO_get_mem_data(out, &bytes);
    return {bytes, static_cast<std::size_t>(length)};
}

std::string number(std::size_t value, std::size_t bytes) {
    std::string result;
    for (auto i = bytes; i-- > 0;)
        result += static_cast<char>(value >> (8 * i) & 0xFFU);
    return result;
}

std::string withLength(const std::string& text, std::size_t bytes) {
    return number(text.size(), bytes) + text;
}

std::string record(const std::string& body, char type = 22) {
    return std::string(1, type) + "\3\1" + withLength(body, 2);
}

std::string serverName(const std::string& name) {
    return number(0, 2) + withLength(withLength(std::string(1, '\0') + withLength(name, 2), 2), 2);
}

/// A whole message. behind: what follows the extensions within it.
std::string message(const std::string& extensions, const std::string& behind = "") {
    const auto body = "\3\3" + std::string(32, 'r') + withLength("", 1) + withLength("\x13\1", 2) +
                      withLength(std::string(1, '\0'), 1) + withLength(extensions, 2) + behind;
    return "\1" + withLength(body, 3);
}

} // namespace

BOOST_AUTO_TEST_SUITE(ClientHellos)

BOOST_AUTO_TEST_CASE(tells_what_openssl_says) {
    const auto hello = parsed(openSslHello("Web.Fog.Example.org", "\x0Ciofog-pipe/2\2h2"));
    BOOST_TEST((hello.verdict == Verdict::Complete));
    BOOST_TEST(hello.serverName == "web.fog.example.org");
    BOOST_TEST(hello.protocols == (std::vector<std::string>{"iofog-pipe/2", "h2"}),
               boost::test_tools::per_element());
    BOOST_TEST(hello.offers("iofog-pipe/2"));
    BOOST_TEST(!hello.offers("iofog-pipe"));
}

BOOST_AUTO_TEST_CASE(the_dot_of_the_root_is_no_part_of_the_name) {
    BOOST_TEST(parsed(record(message(serverName("web.example.")))).serverName == "web.example");
    BOOST_TEST(parsed(record(message(serverName("web.example..")))).serverName == "web.example.");
    BOOST_TEST(parsed(record(message(serverName(".")))).serverName == "");
}

BOOST_AUTO_TEST_CASE(has_neither_name_nor_protocols_when_none_are_said) {
    const auto hello = parsed(openSslHello("", ""));
    BOOST_TEST((hello.verdict == Verdict::Complete));
    BOOST_TEST(hello.serverName == "");
    BOOST_TEST(hello.protocols.empty());
}

BOOST_AUTO_TEST_CASE(no_part_of_it_is_enough) {
    const auto whole = openSslHello("web.fog.example.org", "\2h2");
    for (std::size_t length = 0; length < whole.size(); ++length)
        BOOST_TEST((parsed(whole.substr(0, length)).verdict == Verdict::Incomplete), length);
    for (const auto* behind : {"x", "\x17\3\3", "\x14\3\3\0\1\1"})
        BOOST_TEST((parsed(whole + behind).serverName == "web.fog.example.org"));
}

BOOST_AUTO_TEST_CASE(may_be_in_several_records) {
    const auto whole = message(serverName("web.example"));
    for (std::size_t first = 1; first < whole.size(); ++first) {
        const auto hello = parsed(record(whole.substr(0, first)) + record(whole.substr(first)));
        BOOST_TEST(hello.serverName == "web.example", first);
    }
}

BOOST_AUTO_TEST_CASE(anything_else_is_told_as_soon_as_it_shows) {
    const auto good = message(serverName("web.example"));
    BOOST_TEST((parsed("GET / HTTP/1.1").verdict == Verdict::Other));
    BOOST_TEST((parsed("92da312f-9673-4c23").verdict == Verdict::Other));
    BOOST_TEST((parsed("\x16\2").verdict == Verdict::Other), "no TLS version");
    BOOST_TEST((parsed(record("\2" + good.substr(1))).verdict == Verdict::Other), "a ServerHello");
    BOOST_TEST((parsed(record(good.substr(0, 9)) + record("x", 23)).verdict == Verdict::Other),
               "other record");
    BOOST_TEST((parsed(record("")).verdict == Verdict::Other), "empty record");
    BOOST_TEST((parsed("\x16\3\1\x7F\xFF\1").verdict == Verdict::Other), "record too long");
    BOOST_TEST((parsed(record(std::string("\1\1\0\0", 4))).verdict == Verdict::Other), "message too long");
    BOOST_TEST((parsed(std::string(ClientHello::kMost + 100, '\x16')).verdict == Verdict::Other));
}

BOOST_AUTO_TEST_CASE(a_malformed_one_is_none) {
    const std::string short1 = number(0, 2) + withLength(withLength(std::string("\0\0\5web", 6), 2), 2);
    const std::string alpn = number(16, 2) + withLength(withLength("\5h2", 2), 2);
    BOOST_TEST((parsed(record(message(short1))).verdict == Verdict::Other), "name ends early");
    BOOST_TEST((parsed(record(message(alpn))).verdict == Verdict::Other), "protocol ends early");
    BOOST_TEST((parsed(record(message(std::string("\0\1\0", 3)))).verdict == Verdict::Other),
               "extension ends early");
    BOOST_TEST((parsed(record(message(serverName("a"), "x"))).verdict == Verdict::Other), "more behind");
    BOOST_TEST((parsed(record(std::string("\1\0\0\2\3\3", 6))).verdict == Verdict::Other), "ends early");
}

BOOST_AUTO_TEST_CASE(may_have_no_extensions_at_all) {
    const auto body = "\3\1" + std::string(32, 'r') + withLength("", 1) + withLength("\x13\1", 2) +
                      withLength(std::string(1, '\0'), 1);
    BOOST_TEST((parsed(record("\1" + withLength(body, 3))).verdict == Verdict::Complete));
}

BOOST_AUTO_TEST_SUITE_END()
