#pragma once

#include "http/AnswerStream.h"
#include "http/HttpError.h"

#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace connector {

/// A request that has arrived in full, or that went wrong on its way; a value.
struct ClientRequest {
    /// As RequestReader::take() gives it. Of a request without a head that can be read, a stand-in.
    std::string message;
    /// Why it can only be refused; nothing when it is complete.
    std::optional<HttpError> problem;
    /// False: the message is the stand-in.
    bool hasHead = true;
    Poco::Net::SocketAddress client;
    /// SHA-256 fingerprint of the client's certificate in lower-case hexadecimal; "" when it has shown none.
    std::string certificate;
    bool isSecure = false;
    /// The server knows who has sent it.
    bool isOfKnownCaller = false;
};

/// What has become of a request; a value.
struct ClientAnswer {
    /// The HTTP message; "" when nobody has answered.
    std::string message;
    /// The server knows who has asked.
    bool isOfKnownCaller = false;
    /// What follows the message; null when it is all.
    std::shared_ptr<AnswerStream> stream{};
};

/// Whoever waits for the answer to a request.
class AnswerReceiver {
  public:
    virtual ~AnswerReceiver() = default;

    /// On any thread; once.
    virtual void onAnswered(ClientAnswer answer) = 0;
};

/// A request as POCO's HTTPServer sees it, which takes it for a connection: what it receives is the request,
/// and what it sends is the answer. Both are in memory, so that its threads never wait for a client.
class RequestSocket final : public Poco::Net::StreamSocketImpl {
  public:
    /// The receiver is told when POCO closes the socket, or gives it up, whatever it has sent until then.
    RequestSocket(ClientRequest request, std::unique_ptr<AnswerReceiver> receiver);

    /// The socket behind a request that POCO's HTTPServer has read.
    static RequestSocket& of(Poco::Net::HTTPServerRequest& request);

    const ClientRequest& request() const { return _request; }

    /// To be said by the handler: the server knows who has asked.
    void setKnownCaller() { _answer.isOfKnownCaller = true; }

    /// The same: this follows what POCO sends, which must say that the connection is closed then.
    void goOnWith(std::shared_ptr<AnswerStream> stream) { _answer.stream = std::move(stream); }

    int sendBytes(const void* bytes, int size, int flags) override;
    int receiveBytes(void* into, int size, int flags) override;
    bool poll(const Poco::Timespan& timeout, int mode) override;
    Poco::Net::SocketAddress address() override;
    Poco::Net::SocketAddress peerAddress() override { return _request.client; }
    bool secure() const override { return _request.isSecure; }
    void close() override { deliver(); }
    void shutdown() override {}
    void setReceiveTimeout(const Poco::Timespan&) override {}
    void setRawOption(int, int, const void*, poco_socklen_t) override {}

  private:
    ~RequestSocket() override;
    void deliver();

    ClientRequest _request;
    std::size_t _received = 0; ///< bytes of the message that POCO has got
    ClientAnswer _answer;
    /// Between the thread that has answered, and another one of POCO's that may be the last to let go.
    std::mutex _delivering;
    std::unique_ptr<AnswerReceiver> _receiver; ///< null once it has been told
};

} // namespace connector
