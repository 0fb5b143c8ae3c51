#include "http/RequestReader.h"

#include <Poco/String.h>

#include <boost/test/unit_test.hpp>

using connector::HttpError;
using connector::RequestReader;

namespace {

constexpr std::size_t kMaxBody = 100;

/// What a reader makes of one request, whose bytes come all at once, or one by one; "" when it is not
/// complete.
std::string read(const std::string& bytes, std::size_t pieces = 100000) {
    RequestReader reader(kMaxBody);
    for (std::size_t i = 0; i < bytes.size(); i += pieces) {
        reader.append(std::string_view(bytes).substr(i, pieces));
        if (reader.read()) return reader.take();
    }
    return "";
}

/// The status of the error that reading a request ends with; 0 when it is complete, -1 when more must come.
int errorOf(const std::string& bytes) {
    const auto errorWith = [&](std::size_t pieces) -> int {
        try {
            return read(bytes, pieces).empty() ? -1 : 0;
        } catch (const HttpError& error) {
            return error.status();
        }
    };
    const int error = errorWith(bytes.size() + 1);
    if (bytes.size() < 30000) BOOST_TEST(errorWith(1) == error, "in one piece or in many: " << bytes);
    return error;
}

std::string get(const std::string& headers) {
    return "GET / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
}

std::string post(const std::string& headers, const std::string& body) {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + body;
}

std::string chunked(const std::string& body) {
    return post("Transfer-Encoding: chunked\r\n", body);
}

std::string bodyOf(const std::string& bytes) {
    const auto message = read(bytes);
    BOOST_TEST(read(bytes, 1) == message);
    return message.substr(std::min(message.find("\r\n\r\n"), message.size() - 4) + 4);
}

} // namespace

BOOST_AUTO_TEST_SUITE(HttpRequests)

BOOST_AUTO_TEST_CASE(a_head_is_kept_to_the_letter) {
    BOOST_TEST(read("DELETE /a%20b?c=d HTTP/1.1\r\nHost: x:1\r\nX-Empty:\r\nAuthorization:  Bearer  t \t\r\n"
                    "X: 1\r\nx: 2\r\n\r\n") ==
               "DELETE /a%20b?c=d HTTP/1.1\r\nHost: x:1\r\nX-Empty: \r\nAuthorization: Bearer  t\r\nX: 1\r\n"
               "x: 2\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(malformed_heads_are_rejected) {
    for (const auto& head : {std::string("hello\r\n\r\n"),
                             std::string("GET /\r\n\r\n"),
                             std::string("GET  / HTTP/1.1\r\n\r\n"),
                             std::string("GET / / HTTP/1.1\r\n\r\n"),
                             std::string("GET /\tHTTP/1.0 HTTP/1.1\r\nHost: h\r\n\r\n"),
                             std::string(" GET / HTTP/1.1\r\n\r\n"),
                             std::string("GET / HTTP/1.1 \r\n\r\n"),
                             std::string("GET / HTTP/2.0\r\n\r\n"),
                             std::string("GET / http/1.1\r\n\r\n"),
                             std::string("G(T / HTTP/1.1\r\n\r\n"),
                             std::string("GET / HTTP/1.1\n\n"),
                             get("A: b\n"),
                             std::string("GET / HTTP/1.1\nA: b\r\n\r\n"),
                             get("A: b\rc\r\n"),
                             get(std::string("A: b\0c\r\n", 8)),
                             get("A: \x7F\r\n"),
                             get("A\r\n"),
                             get("A : b\r\n"),
                             get(": b\r\n"),
                             get("A: b\r\n c\r\n"),
                             std::string("GET / HTTP/1.1\r\n A: b\r\n\r\n")})
        BOOST_TEST(errorOf(head) == 400, head);
}

BOOST_AUTO_TEST_CASE(a_request_has_exactly_one_host) {
    BOOST_TEST(errorOf("GET / HTTP/1.1\r\nHost: h\r\n\r\n") == 0);
    BOOST_TEST(errorOf("GET / HTTP/1.1\r\nHost:\r\n\r\n") == 0);
    BOOST_TEST(errorOf("GET / HTTP/1.1\r\n\r\n") == 400);
    BOOST_TEST(errorOf("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n") == 400);
    BOOST_TEST(errorOf("GET / HTTP/1.1\r\nhost: h\r\nHOST: other\r\n\r\n") == 400);
    BOOST_TEST(errorOf("GET / HTTP/1.0\r\n\r\n") == 0);
    BOOST_TEST(errorOf("GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n") == 400);
}

BOOST_AUTO_TEST_CASE(headers_that_decide_something_are_given_once) {
    for (const auto* name : {"Authorization", "Content-Type", "Origin", "Sec-Fetch-Site", "Expect"}) {
        const auto header = std::string(name) + ": 100-continue\r\n";
        BOOST_TEST(errorOf(get(header)) == 0, name);
        BOOST_TEST(errorOf(get(header + header)) == 400, name);
        BOOST_TEST(errorOf(get(header + Poco::toLower(header))) == 400, name);
    }
}

BOOST_AUTO_TEST_CASE(nothing_but_100_continue_can_be_expected) {
    for (const auto* expected : {"100-continue", "100-Continue"})
        BOOST_TEST(errorOf(get("Expect: " + std::string(expected) + "\r\n")) == 0, expected);
    for (const auto* expected : {"", "200-ok", "100-continue, 200-ok", "100-continue=yes", "100"}) {
        BOOST_TEST(errorOf(get("Expect: " + std::string(expected) + "\r\n")) == 417, expected);
        BOOST_TEST(errorOf("GET / HTTP/1.0\r\nExpect: " + std::string(expected) + "\r\n\r\n") == 417,
                   expected);
    }
}

BOOST_AUTO_TEST_CASE(whether_the_connection_goes_on_is_said_in_one_way) {
    const auto told = [](const std::string& version, const std::string& headers) {
        const auto message = read("GET / HTTP/" + version + "\r\nHost: h\r\n" + headers + "\r\n");
        return message.substr(message.find("Host: h\r\n") + 9);
    };
    const std::string kClose = "Connection: Close\r\n\r\n";
    const std::string kKeepAlive = "Connection: Keep-Alive\r\n\r\n";
    BOOST_TEST(told("1.1", "") == "\r\n");
    BOOST_TEST(told("1.1", "Connection: close\r\n") == kClose);
    BOOST_TEST(told("1.1", "Connection: TE, Close\r\n") == kClose);
    BOOST_TEST(told("1.1", "Connection: keep-alive\r\nconnection: close\r\n") == kClose);
    BOOST_TEST(told("1.1", "Connection: TE\r\n") == kKeepAlive);
    BOOST_TEST(told("1.1", "Connection:\r\n") == kKeepAlive);
    BOOST_TEST(told("1.0", "Connection: TE\r\n") == kClose);
    BOOST_TEST(told("1.0", "Connection: TE, keep-alive\r\n") == kKeepAlive);
}

BOOST_AUTO_TEST_CASE(heads_are_bounded) {
    std::string fields;
    for (int number = 0; number < 63; ++number)
        fields += "X: 1\r\n";
    BOOST_TEST(errorOf(get(fields)) == 0);
    BOOST_TEST(errorOf(get(fields + "X: 1\r\n")) == 400);
    BOOST_TEST(errorOf("GET /" + std::string(16 * 1024, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    BOOST_TEST(errorOf(get("X: " + std::string(16 * 1024, 'x') + "\r\n")) == 400);
    BOOST_TEST(errorOf(get("X: " + std::string(8192, 'x') + "\r\n")) == 400);
    BOOST_TEST(errorOf(get("X: " + std::string(8000, 'x') + "\r\n")) == 0);
    BOOST_TEST(errorOf(get(std::string(257, 'x') + ": y\r\n")) == 400);
    BOOST_TEST(errorOf(std::string(33, 'X') + " / HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    BOOST_TEST(errorOf(std::string(100 * 1024, 'x')) == 400);
}

BOOST_AUTO_TEST_CASE(a_body_has_the_length_that_was_said) {
    BOOST_TEST(bodyOf(post("Content-Length: 5\r\n", "hello")) == "hello");
    BOOST_TEST(bodyOf(post("content-length: 5\r\n", "hello, world")) == "hello");
    BOOST_TEST(bodyOf(post("Content-Length: 0\r\n", "")).empty());
    BOOST_TEST(bodyOf(post("Content-Length: 100\r\n", std::string(100, 'x'))).size() == 100U);
    BOOST_TEST(bodyOf(get("")).empty());
    BOOST_TEST(read(post("", "hello")) == post("", "")); // what follows is another request
}

BOOST_AUTO_TEST_CASE(lengths_that_can_be_understood_in_two_ways_are_rejected) {
    for (const auto* length : {"", "-1", "+5", "5x", "0x5", "5 5", "5, 5", "5.0", "=?utf-8?q?5?="})
        BOOST_TEST(errorOf(post("Content-Length: " + std::string(length) + "\r\n", "hello")) == 400, length);
    BOOST_TEST(errorOf(post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")) == 400);
    BOOST_TEST(errorOf(post("Content-Length: 5\r\ncontent-length: 6\r\n", "hello!")) == 400);
    BOOST_TEST(errorOf(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")) == 400);
}

BOOST_AUTO_TEST_CASE(bodies_are_bounded) {
    BOOST_TEST(errorOf(post("Content-Length: 101\r\n", "")) == 413);
    BOOST_TEST(errorOf(post("Content-Length: 99999999999999999999999\r\n", "")) == 413);
    BOOST_TEST(errorOf(chunked("65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n")) == 413);
    BOOST_TEST(errorOf(chunked("32\r\n" + std::string(50, 'x') + "\r\n33\r\n")) == 413);
    BOOST_TEST(errorOf(chunked("ffffffffffffffff\r\n")) == 413);
    BOOST_TEST(errorOf(chunked("ffffffffffffffffff\r\n")) == 413);
}

BOOST_AUTO_TEST_CASE(a_request_cut_short_is_not_complete) {
    for (const auto& request : {std::string("GET / HT"), std::string("GET / HTTP/1.1\r\nA: b\r\n"),
                                std::string("\r\n"), post("Content-Length: 6\r\n", "hello")})
        BOOST_TEST(errorOf(request) == -1, request);
    for (const auto* body : {"", "5", "5\r\n", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n",
                             "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\nDigest: x\r\n"})
        BOOST_TEST(errorOf(chunked(body)) == -1, body);
}

BOOST_AUTO_TEST_CASE(chunks_are_put_together) {
    BOOST_TEST(read(chunked("5\r\nhello\r\n0\r\n\r\n")) ==
               "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    BOOST_TEST(bodyOf(chunked("2\r\nhe\r\n003;name=value\r\nllo\r\n0\r\nDigest: x\r\n\r\n")) == "hello");
    BOOST_TEST(bodyOf(chunked("A\r\n0123456789\r\n0\r\n\r\n")) == "0123456789");
    BOOST_TEST(bodyOf(chunked("0\r\n\r\n")).empty());
}

BOOST_AUTO_TEST_CASE(malformed_chunks_are_rejected) {
    for (const auto& body :
         {std::string("x\r\nhello\r\n0\r\n\r\n"), std::string("-5\r\nhello\r\n0\r\n\r\n"),
          std::string("0x5\r\nhello\r\n0\r\n\r\n"), std::string("\r\nhello\r\n0\r\n\r\n"),
          std::string("4\r\nhello\r\n0\r\n\r\n"), std::string("5\r\nhello0\r\n\r\n"),
          std::string(300, '0') + "5\r\nhello\r\n0\r\n\r\n", "0\r\n" + std::string(300, 'x') + "\r\n\r\n",
          "5\nhello\n0\n\n" + std::string(300, 'x')})
        BOOST_TEST(errorOf(chunked(body)) == 400, body);
    std::string trailer;
    for (int number = 0; number < 100; ++number)
        trailer += "X: 1\r\n";
    BOOST_TEST(errorOf(chunked("0\r\n" + trailer + "\r\n")) == 400);
}

BOOST_AUTO_TEST_CASE(controls_in_chunk_lines_and_trailers_are_rejected) {
    BOOST_TEST(bodyOf(chunked("5;a=\tb\r\nhello\r\n0\r\nX:\ty\r\n\r\n")) == "hello");
    for (const auto& control : {std::string("\n"), std::string("\r"), std::string("\0", 1),
                                std::string("\x01"), std::string("\x7F")}) {
        BOOST_TEST(errorOf(chunked("5;a" + control + "b\r\nhello\r\n0\r\n\r\n")) == 400, "in an extension");
        BOOST_TEST(errorOf(chunked("5" + control + "\r\nhello\r\n0\r\n\r\n")) == 400, "behind a size");
        BOOST_TEST(errorOf(chunked("5\r\nhello\r\n0\r\nX: y" + control + "z\r\n\r\n")) == 400,
                   "in a trailer");
    }
}

BOOST_AUTO_TEST_CASE(trailers_are_fields_that_decide_nothing) {
    const auto errorWith = [](const std::string& trailer) {
        return errorOf(chunked("5\r\nhello\r\n0\r\n" + trailer + "\r\n\r\n"));
    };
    for (const auto* trailer : {"X: y", "Digest:", "X-Content-Length: 5", "X: 1\r\nY: 2"})
        BOOST_TEST(errorWith(trailer) == 0, trailer);
    for (const auto* trailer :
         {"no colon", ": y", "X : y", " X: y", "X: 1\r\n folded", "GET / HTTP/1.1", "Content-Length: 5",
          "content-length:5", "Transfer-Encoding: chunked", "Host: h", "AUTHORIZATION: Bearer t",
          "Content-Type: a/b", "Connection: close", "Expect: 100-continue", "Origin: null", "Cookie: a=b",
          "Trailer: X"})
        BOOST_TEST(errorWith(trailer) == 400, trailer);
}

BOOST_AUTO_TEST_CASE(other_codings_are_rejected) {
    for (const auto* coding : {"gzip", "gzip, chunked", "chunked, chunked", "identity", ""})
        BOOST_TEST(errorOf(post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n")) == 400,
                   coding);
    BOOST_TEST(errorOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
}

BOOST_AUTO_TEST_CASE(requests_follow_each_other) {
    RequestReader reader(kMaxBody);
    reader.append(post("Content-Length: 3\r\n", "one") + "\r\n" + chunked("3\r\ntwo\r\n0\r\n\r\n") + get(""));
    for (const auto* end : {"one", "two", "\r\n\r\n"}) {
        BOOST_TEST(!reader.isEmpty());
        BOOST_TEST(reader.read());
        BOOST_TEST(reader.take().ends_with(end));
    }
    BOOST_TEST(reader.isEmpty());
    BOOST_TEST(!reader.read());
}

BOOST_AUTO_TEST_CASE(empty_lines_before_a_request_are_bounded) {
    BOOST_TEST(errorOf("\r\n\r\n" + get("")) == 0);
    std::string lines;
    for (int number = 0; number < 10000; ++number)
        lines += "\r\n";
    BOOST_TEST(errorOf(lines + get("")) == 400);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_behind_a_head_leaves_the_head) {
    RequestReader reader(kMaxBody);
    reader.append(post("Expect: 100-continue\r\nContent-Length: 101\r\n", ""));
    BOOST_CHECK_THROW(reader.read(), HttpError);
    BOOST_TEST(reader.hasHead());
    BOOST_TEST(reader.take() == "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    RequestReader another(kMaxBody);
    another.append("nonsense\r\n\r\n");
    BOOST_CHECK_THROW(another.read(), HttpError);
    BOOST_TEST(!another.hasHead());
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_to_be_told_to_go_on_is_told_once) {
    RequestReader reader(kMaxBody);
    reader.append(post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""));
    BOOST_TEST(!reader.read());
    BOOST_TEST(reader.takeExpectation());
    BOOST_TEST(!reader.takeExpectation());
    reader.append("one");
    BOOST_TEST(reader.read());
    BOOST_TEST(reader.take() == "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none");
}

/// RFC 9110, 10.1.1: it may not understand the interim answer.
BOOST_AUTO_TEST_CASE(a_client_of_http_1_0_is_not_told_to_go_on) {
    RequestReader reader(kMaxBody);
    reader.append("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    BOOST_TEST(!reader.read());
    BOOST_TEST(!reader.takeExpectation());
}

BOOST_AUTO_TEST_SUITE_END()
