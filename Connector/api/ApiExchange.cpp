#include "api/ApiExchange.h"

#include "api/JsonAnswer.h"
#include "base/PeerAddress.h"
#include "base/Printable.h"

#include <sstream>

namespace connector {

using Poco::Net::HTTPResponse;

ApiExchange::ApiExchange(const ApiContext& context, RequestSocket& socket,
                         const Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response)
    : _context(context), _socket(socket), _arrived(socket.request()), _request(request), _response(response),
      _address(withoutMapping(_arrived.client.host()).toString()) {}

void ApiExchange::succeed(const Poco::JSON::Object& answer) {
    _response.setStatusAndReason(HTTPResponse::HTTP_OK);
    send(answer);
}

void ApiExchange::goOn(std::shared_ptr<AnswerStream> stream, const std::string& mediaType) {
    _response.setStatusAndReason(HTTPResponse::HTTP_OK);
    _response.setContentType(mediaType);
    _response.set("Cache-Control", "no-store");
    _response.setKeepAlive(false);
    _response.send().flush();
    _socket.goOnWith(std::move(stream));
    _context.metrics.addRequest(_endpoint, _method, _response.getStatus());
    log();
}

void ApiExchange::succeed(std::string_view text, const std::string& mediaType) {
    _response.setStatusAndReason(HTTPResponse::HTTP_OK);
    _response.setContentType(mediaType);
    _response.set("Cache-Control", "no-store");
    send(text);
}

void ApiExchange::succeed(const PageFile& file) {
    file.describeIn(_response);
    const bool isKnown = file.isKnownBy(_request);
    _response.setStatusAndReason(isKnown ? HTTPResponse::HTTP_NOT_MODIFIED : HTTPResponse::HTTP_OK);
    if (isKnown)
        sendHead();
    else
        send(file.text);
}

void ApiExchange::fail(const std::exception_ptr& exception) {
    const auto error = errorAnswer(exception);
    _response.setStatusAndReason(error.told.status());
    for (const auto& [name, value] : error.told.headers())
        _response.set(name, value);
    logRefusal(error);
    send(*failureAnswer(error.told.what()));
}

void ApiExchange::send(const Poco::JSON::Object& answer) {
    std::ostringstream body;
    answer.stringify(body);
    _response.setContentType("application/json");
    _response.set("Cache-Control", "no-store"); // passcodes
    send(body.str());
}

void ApiExchange::send(std::string_view body) {
    _response.setKeepAlive(_request.getKeepAlive() && keepsAlive());
    _response.sendBuffer(body.data(), body.size());
    _context.metrics.addRequest(_endpoint, _method, _response.getStatus());
    log();
}

/// The answer has no body, nor the length of one.
void ApiExchange::sendHead() {
    _response.setKeepAlive(_request.getKeepAlive() && keepsAlive());
    _response.send().flush();
    _context.metrics.addRequest(_endpoint, _method, _response.getStatus());
    log();
}

/// Where the next request of one who has sent nonsense begins is not clear. Who is not known gets one answer
/// a connection.
bool ApiExchange::keepsAlive() const {
    const auto status = _response.getStatus();
    return !_arrived.problem && status != HTTPResponse::HTTP_UNAUTHORIZED &&
           status != HTTPResponse::HTTP_FORBIDDEN;
}

/// One line for each request that is not granted. A 503 to somebody unidentified is none: it is
/// /health's way to say no.
void ApiExchange::logRefusal(const ErrorAnswer& error) const {
    const auto status = std::to_string(error.told.status());
    const auto request = [&] { return inWords() + " by " + caller().inWords(); };
    const auto& address = _arrived.client.host();
    const auto& reason = error.reason;
    if (error.isServersFault()) // never left out: the client was told to look for it
        lineOf(request() + " failed with " + status + ": " + reason, reason)
            .write(_context.log, Poco::Message::PRIO_ERROR);
    else if (!_identity.empty())
        _context.logs.refusedTo(_identity).write(address, status, [&] {
            return lineOf(request() + " was refused with " + status + ": " + reason, reason);
        });
    else if (error.told.status() != HTTPResponse::HTTP_SERVICE_UNAVAILABLE)
        _context.logs.turnedAway.write(address, status, [&] {
            return lineOf(_address + " was turned away with " + status + ": " + inWords() + ": " + reason,
                          reason);
        });
}

void ApiExchange::log() const {
    if (!_context.log.debug()) return;
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - _began);
    _context.log.debug(inWords() + " " + std::to_string(_response.getStatus()) + " " + caller().inWords() +
                       " " + std::to_string(took.count()) + " ms");
}

Caller ApiExchange::caller() const {
    return {_identity.empty() ? "-" : _identity, _address};
}

/// A line with what all that are about it have in fields.
LogLine ApiExchange::lineOf(const std::string& text, const std::string& reason) const {
    return LogLine(text)
        .with("identity", _identity)
        .with("address", _address)
        .with("request", inWords())
        .with("status", static_cast<int>(_response.getStatus()))
        .with("reason", reason);
}

/// The request, for log lines. Not its query, which nobody needs there.
std::string ApiExchange::inWords() const {
    const auto& uri = _request.getURI();
    return printable(_request.getMethod()) + " " + printable(uri.substr(0, uri.find('?')));
}

} // namespace connector
