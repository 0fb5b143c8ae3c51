#include "api/HttpReader.h"
#include "api/HttpError.h"

#include <Poco/Net/ServerSocket.h>

#include <boost/test/unit_test.hpp>

#include <optional>

using connector::ClientSocket;
using connector::HttpError;
using connector::HttpReader;
using connector::StopSignal;
using Poco::Net::HTTPRequest;
using Poco::Net::ServerSocket;
using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;

namespace {

constexpr std::size_t kMaxBody = 100;

ClientSocket::Deadline farAway() {
    return ClientSocket::Clock::now() + std::chrono::seconds(60);
}

/// A client that has sent these bytes, and a reader at the other end of its connection.
class Sent {
  public:
    enum class Then { Ends, Waits };

    explicit Sent(const std::string& bytes, Then then = Then::Ends)
        : client(_server.address()), _socket(_server.acceptConnection(), nullptr, stop),
          reader(_socket, kMaxBody) {
        client.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
        if (then == Then::Ends) client.shutdownSend();
    }

    /// The body of the next request.
    std::string read() {
        reader.expectBody(reader.readHead(farAway()));
        return reader.readBody(farAway());
    }

  private:
    ServerSocket _server{SocketAddress("127.0.0.1", 0)};

  public:
    StreamSocket client;
    StopSignal stop;

  private:
    ClientSocket _socket;

  public:
    HttpReader reader;
};

std::string post(const std::string& headers, const std::string& body) {
    return "POST / HTTP/1.1\r\n" + headers + "\r\n" + body;
}

std::string chunked(const std::string& body) {
    return post("Transfer-Encoding: chunked\r\n", body);
}

/// The status of the error that reading a request ends with; 0 without an error.
int errorOf(const std::string& bytes) {
    try {
        Sent(bytes).read();
        return 0;
    } catch (const HttpError& error) {
        return error.status();
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(HttpRequestReader)

BOOST_AUTO_TEST_CASE(a_head_is_read_to_the_letter) {
    Sent sent("DELETE /a%20b?c=d HTTP/1.1\r\nHost: x:1\r\nX-Empty:\r\nAuthorization:  Bearer  t \t\r\nX: "
              "1\r\nx: 2\r\n\r\n");
    const auto head = sent.reader.readHead(farAway());
    BOOST_TEST(head.getMethod() == "DELETE");
    BOOST_TEST(head.getURI() == "/a%20b?c=d");
    BOOST_TEST(head.getVersion() == "HTTP/1.1");
    BOOST_TEST(head.get("host") == "x:1");
    BOOST_TEST(head.get("X-Empty").empty());
    BOOST_TEST(head.get("Authorization") == "Bearer  t");
    BOOST_TEST(head.size() == 5U);
}

BOOST_AUTO_TEST_CASE(malformed_heads_are_refused) {
    for (const auto& head : {std::string("hello\r\n\r\n"),
                             std::string("GET /\r\n\r\n"),
                             std::string("GET  / HTTP/1.1\r\n\r\n"),
                             std::string("GET / / HTTP/1.1\r\n\r\n"),
                             std::string(" GET / HTTP/1.1\r\n\r\n"),
                             std::string("GET / HTTP/1.1 \r\n\r\n"),
                             std::string("GET / HTTP/2.0\r\n\r\n"),
                             std::string("GET / http/1.1\r\n\r\n"),
                             std::string("G(T / HTTP/1.1\r\n\r\n"),
                             std::string("GET / HTTP/1.1\n\n"),
                             std::string("GET / HTTP/1.1\r\nA: b\n\r\n"),
                             std::string("GET / HTTP/1.1\nA: b\r\n\r\n"),
                             std::string("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n"),
                             std::string("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 26),
                             std::string("GET / HTTP/1.1\r\nA: \x7F\r\n\r\n"),
                             std::string("GET / HTTP/1.1\r\nA\r\n\r\n"),
                             std::string("GET / HTTP/1.1\r\nA : b\r\n\r\n"),
                             std::string("GET / HTTP/1.1\r\n: b\r\n\r\n"),
                             std::string("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"),
                             std::string("GET / HTTP/1.1\r\n A: b\r\n\r\n"),
                             std::string("GET / HT"),
                             std::string("GET / HTTP/1.1\r\nA: b\r\n"),
                             std::string("\r\n")})
        BOOST_TEST(errorOf(head) == 400, head);
}

BOOST_AUTO_TEST_CASE(heads_are_bounded) {
    std::string fields;
    for (int number = 0; number < 64; ++number)
        fields += "X: 1\r\n";
    BOOST_TEST(errorOf("GET / HTTP/1.1\r\n" + fields + "\r\n") == 0);
    BOOST_TEST(errorOf("GET / HTTP/1.1\r\n" + fields + "X: 1\r\n\r\n") == 400);
    BOOST_TEST(errorOf("GET /" + std::string(16 * 1024, 'x') + " HTTP/1.1\r\n\r\n") == 400);
    BOOST_TEST(errorOf("GET / HTTP/1.1\r\nX: " + std::string(16 * 1024, 'x') + "\r\n\r\n") == 400);
    BOOST_TEST(errorOf(std::string(100 * 1024, 'x')) == 400);
}

BOOST_AUTO_TEST_CASE(a_body_has_the_length_that_was_said) {
    BOOST_TEST(Sent(post("Content-Length: 5\r\n", "hello")).read() == "hello");
    BOOST_TEST(Sent(post("content-length: 5\r\n", "hello, world")).read() == "hello");
    BOOST_TEST(Sent(post("Content-Length: 0\r\n", "")).read().empty());
    BOOST_TEST(Sent(post("Content-Length: 100\r\n", std::string(100, 'x'))).read().size() == 100U);
    BOOST_TEST(Sent("GET / HTTP/1.1\r\n\r\n").read().empty());
}

BOOST_AUTO_TEST_CASE(lengths_that_can_be_understood_in_two_ways_are_refused) {
    for (const auto* length : {"", "-1", "+5", "5x", "0x5", "5 5", "5, 5", "5.0", "=?utf-8?q?5?="})
        BOOST_TEST(errorOf(post("Content-Length: " + std::string(length) + "\r\n", "hello")) == 400, length);
    BOOST_TEST(errorOf(post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")) == 400);
    BOOST_TEST(errorOf(post("Content-Length: 5\r\ncontent-length: 6\r\n", "hello!")) == 400);
    BOOST_TEST(errorOf(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")) == 400);
    BOOST_TEST(errorOf(post("", "")) == 400);
}

BOOST_AUTO_TEST_CASE(bodies_are_bounded) {
    BOOST_TEST(errorOf(post("Content-Length: 101\r\n", "")) == 413);
    BOOST_TEST(errorOf(post("Content-Length: 99999999999999999999999\r\n", "")) == 413);
    BOOST_TEST(errorOf(chunked("65\r\n" + std::string(101, 'x') + "\r\n0\r\n\r\n")) == 413);
    BOOST_TEST(errorOf(chunked("32\r\n" + std::string(50, 'x') + "\r\n33\r\n")) == 413);
    BOOST_TEST(errorOf(chunked("ffffffffffffffff\r\n")) == 413);
    BOOST_TEST(errorOf(chunked("ffffffffffffffffff\r\n")) == 413);
}

BOOST_AUTO_TEST_CASE(a_body_cut_short_is_refused) {
    BOOST_TEST(errorOf(post("Content-Length: 6\r\n", "hello")) == 400);
    for (const auto* body : {"", "5", "5\r\n", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n",
                             "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\nTrailer: x\r\n"})
        BOOST_TEST(errorOf(chunked(body)) == 400, body);
}

BOOST_AUTO_TEST_CASE(chunks_are_put_together) {
    BOOST_TEST(Sent(chunked("5\r\nhello\r\n0\r\n\r\n")).read() == "hello");
    BOOST_TEST(Sent(chunked("2\r\nhe\r\n003;name=value\r\nllo\r\n0\r\nTrailer: x\r\n\r\n")).read() ==
               "hello");
    BOOST_TEST(Sent(chunked("A\r\n0123456789\r\n0\r\n\r\n")).read() == "0123456789");
    BOOST_TEST(Sent(chunked("0\r\n\r\n")).read().empty());
}

BOOST_AUTO_TEST_CASE(malformed_chunks_are_refused) {
    for (const auto& body :
         {std::string("x\r\nhello\r\n0\r\n\r\n"), std::string("-5\r\nhello\r\n0\r\n\r\n"),
          std::string("0x5\r\nhello\r\n0\r\n\r\n"), std::string("\r\nhello\r\n0\r\n\r\n"),
          std::string("4\r\nhello\r\n0\r\n\r\n"), std::string("5\r\nhello0\r\n\r\n"),
          std::string("5\nhello\n0\n\n"), std::string(300, '0') + "5\r\nhello\r\n0\r\n\r\n",
          "0\r\n" + std::string(300, 'x') + "\r\n\r\n"})
        BOOST_TEST(errorOf(chunked(body)) == 400, body);
    std::string trailer;
    for (int number = 0; number < 100; ++number)
        trailer += "X: 1\r\n";
    BOOST_TEST(errorOf(chunked("0\r\n" + trailer + "\r\n")) == 400);
}

BOOST_AUTO_TEST_CASE(other_codings_are_refused) {
    for (const auto* coding : {"gzip", "gzip, chunked", "chunked, chunked", "identity", ""})
        BOOST_TEST(errorOf(post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n")) == 400,
                   coding);
    BOOST_TEST(errorOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
}

BOOST_AUTO_TEST_CASE(requests_follow_each_other) {
    Sent sent(post("Content-Length: 3\r\n", "one") + "\r\n" + chunked("3\r\ntwo\r\n0\r\n\r\n") +
              "GET / HTTP/1.1\r\n\r\n");
    BOOST_TEST(sent.reader.awaitRequest(farAway()));
    BOOST_TEST(sent.read() == "one");
    BOOST_TEST(sent.reader.isAtRequestEnd());
    BOOST_TEST(sent.read() == "two");
    BOOST_TEST(sent.reader.awaitRequest(farAway()));
    BOOST_TEST(sent.read().empty());
    BOOST_TEST(!sent.reader.awaitRequest(farAway()));
}

BOOST_AUTO_TEST_CASE(empty_lines_before_a_request_are_bounded) {
    BOOST_TEST(errorOf("\r\n\r\nGET / HTTP/1.1\r\n\r\n") == 0);
    std::string lines;
    for (int number = 0; number < 10000; ++number)
        lines += "\r\n";
    BOOST_TEST(errorOf(lines + "GET / HTTP/1.1\r\n\r\n") == 400);
}

BOOST_AUTO_TEST_CASE(a_body_not_read_is_not_the_next_request) {
    Sent sent(post("Content-Length: 3\r\n", "one"));
    sent.reader.expectBody(sent.reader.readHead(farAway()));
    BOOST_TEST(!sent.reader.isAtRequestEnd());
    sent.reader.readBody(farAway());
    BOOST_TEST(sent.reader.isAtRequestEnd());
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_to_be_told_to_go_on_is_told) {
    Sent sent(post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""), Sent::Then::Waits);
    sent.reader.expectBody(sent.reader.readHead(farAway()));
    sent.client.shutdownSend();
    BOOST_CHECK_THROW(sent.reader.readBody(farAway()), HttpError);
    const std::string expected = "HTTP/1.1 100 Continue\r\n\r\n";
    std::string received(expected.size(), ' ');
    BOOST_TEST(sent.client.receiveBytes(received.data(), static_cast<int>(received.size()), MSG_WAITALL) ==
               static_cast<int>(expected.size()));
    BOOST_TEST(received == expected);
}

BOOST_AUTO_TEST_CASE(a_request_that_stays_away_ends_at_the_deadline) {
    const auto past = ClientSocket::Clock::now();
    Sent silent("", Sent::Then::Waits);
    BOOST_TEST(!silent.reader.awaitRequest(past));
    Sent half("GET / HT", Sent::Then::Waits);
    BOOST_CHECK_EXCEPTION(half.reader.readHead(past), HttpError,
                          [](const HttpError& error) { return error.status() == 408; });
}

BOOST_AUTO_TEST_CASE(waiting_ends_when_the_server_stops) {
    Sent silent("", Sent::Then::Waits);
    silent.stop.raise();
    BOOST_TEST(!silent.reader.awaitRequest(farAway()));
    Sent half("GET / HT", Sent::Then::Waits);
    half.stop.raise();
    BOOST_CHECK_EXCEPTION(half.reader.readHead(farAway()), HttpError,
                          [](const HttpError& error) { return error.status() == 503; });
}

BOOST_AUTO_TEST_SUITE_END()
