#include "api/ApiConnection.h"

#include "api/JsonAnswer.h"
#include "api/Printable.h"
#include "net/PeerAddress.h"

#include <Poco/Timestamp.h>

#include <sstream>

namespace connector {

namespace {

using Poco::Net::HTTPMessage;
using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;
using Clock = ClientSocket::Clock;

/// Who is not known gets one answer a connection, so that it doesn't occupy a thread by keeping one open.
bool isTurnedAway(const HTTPResponse& response) {
    return response.getStatus() == HTTPResponse::HTTP_UNAUTHORIZED ||
           response.getStatus() == HTTPResponse::HTTP_FORBIDDEN;
}

} // namespace

/// One request and its answer.
struct ApiConnection::Exchange {
    Clock::time_point began = Clock::now();
    HTTPRequest head{"-", "-", HTTPMessage::HTTP_1_1};
    std::string identity; ///< "" as long as it is not known
    HTTPResponse response{HTTPMessage::HTTP_1_1, HTTPResponse::HTTP_OK};
    Poco::JSON::Object::Ptr body;

    /// The request, for log lines. Not its query, which nobody needs there.
    std::string inWords() const {
        const auto& uri = head.getURI();
        return printable(head.getMethod()) + " " + printable(uri.substr(0, uri.find('?')));
    }
};

ApiConnection::ApiConnection(const Poco::Net::StreamSocket& socket, ApiEnvironment& environment)
    : TCPServerConnection(socket), _environment(environment) {}

void ApiConnection::run() {
    try {
        _caller.address = withoutMapping(socket().peerAddress().host());
        const auto slot = _environment.slots.take(_caller.address);
        if (slot)
            serve();
        else
            _environment.callers.warnOfStranger(_caller.address.toString() +
                                                " has too many connections; one more is closed");
    } catch (const Poco::Exception& error) {
        _environment.log.debug("connection lost: " + printable(error.displayText()));
    } catch (const std::exception& error) {
        _environment.log.debug("connection lost: " + printable(error.what()));
    }
}

void ApiConnection::serve() {
    const auto requestTime = _environment.limits.requestTime;
    // The first request has what the handshake leaves of the time; each further one starts with its first
    // byte.
    auto deadline = Clock::now() + requestTime;
    ClientSocket client(socket(), _environment.tls, _environment.stop);
    client.handshake(deadline);
    _caller.certificate = client.certificateFingerprint();

    HttpReader reader(client, _environment.limits.requestBody);
    bool goesOn = reader.awaitRequest(deadline);
    while (goesOn) {
        Exchange exchange;
        answer(exchange, reader, deadline);
        finish(exchange, reader, client);
        log(exchange);
        if (!exchange.response.getKeepAlive()) return client.endAndDrain();
        goesOn = reader.awaitRequest(Clock::now() + requestTime);
        deadline = Clock::now() + requestTime;
    }
}

void ApiConnection::answer(Exchange& exchange, HttpReader& reader, ClientSocket::Deadline deadline) {
    try {
        exchange.head = reader.readHead(deadline);
        exchange.identity = _environment.router.identify(exchange.head, _caller);
        reader.expectBody(exchange.head);
        auto [handler, request] = _environment.router.admit(exchange.head);
        request.caller = callerOf(exchange);
        request.body = reader.readBody(deadline);
        exchange.body = handler.handle(request);
    } catch (const ConnectionLost&) {
        throw;
    } catch (...) {
        fail(exchange, std::current_exception());
    }
}

void ApiConnection::fail(Exchange& exchange, const std::exception_ptr& exception) {
    const auto error = errorAnswer(exception);
    exchange.response.setStatus(error.told.status());
    for (const auto& [name, value] : error.told.headers())
        exchange.response.set(name, value);
    exchange.body = failureAnswer(error.told.what());
    logError(exchange, error);
}

/// One line for each request that is not granted. A stranger's 503 is none: it is /health's way to say no.
void ApiConnection::logError(const Exchange& exchange, const ErrorAnswer& error) const {
    const auto status = std::to_string(error.told.status());
    const auto request = exchange.inWords() + " by " + callerOf(exchange);
    if (error.isServersFault()) // never left out: the client was told to look for it
        _environment.log.error(request + " failed with " + status + ": " + error.reason);
    else if (!exchange.identity.empty())
        _environment.callers.warnOf(exchange.identity,
                                    request + " was refused with " + status + ": " + error.reason);
    else if (error.told.status() != HTTPResponse::HTTP_SERVICE_UNAVAILABLE)
        _environment.callers.warnOfStranger(_caller.address.toString() + " was turned away with " + status +
                                            ": " + exchange.inWords() + ": " + error.reason);
}

void ApiConnection::finish(Exchange& exchange, const HttpReader& reader, ClientSocket& client) {
    std::ostringstream body;
    exchange.body->stringify(body);

    auto& response = exchange.response;
    response.setReason(HTTPResponse::getReasonForStatus(response.getStatus()));
    response.setDate(Poco::Timestamp());
    response.setContentType("application/json");
    response.setContentLength64(static_cast<Poco::Int64>(body.str().size()));
    response.set("Cache-Control", "no-store"); // passcodes
    response.setKeepAlive(exchange.head.getKeepAlive() && reader.isAtRequestEnd() &&
                          !isTurnedAway(response) && !client.isStopping());

    std::ostringstream message;
    response.write(message);
    if (exchange.head.getMethod() != HTTPRequest::HTTP_HEAD) message << body.str();
    client.send(message.str(), Clock::now() + _environment.limits.requestTime);
}

void ApiConnection::log(const Exchange& exchange) const {
    if (!_environment.log.debug()) return;
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - exchange.began);
    _environment.log.debug(exchange.inWords() + " " + std::to_string(exchange.response.getStatus()) + " " +
                           callerOf(exchange) + " " + std::to_string(took.count()) + " ms");
}

std::string ApiConnection::callerOf(const Exchange& exchange) const {
    return (exchange.identity.empty() ? "-" : exchange.identity) + " at " + _caller.address.toString();
}

} // namespace connector
