#include "agent/iofog/LocalApi.h"

#include "agent/Resolver.h"
#include "base/JsonFields.h"
#include "base/PeerAddress.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>

#include <future>
#include <sstream>
#include <system_error>
#include <thread>

namespace connector {

namespace {

/// The API is on the same machine. Nothing else than the time limit ends connect(2), so it must be much
/// shorter than the two seconds in which the program stops.
const Poco::Timespan kConnectLimit(0, 500000);
/// A small machine that has just started may be busy.
const Poco::Timespan kAnswerLimit(10, 0);
/// How often who waits for a name looks whether it is time to stop.
constexpr std::chrono::milliseconds kLookUpTurn{100};
/// Room for 1,000 pipes; what is longer is no configuration.
constexpr std::size_t kMaxAnswer = 1024 * 1024;

/// getaddrinfo(3) can't be interrupted, so it has a thread that is left to itself when nobody waits any more.
Resolver::Answer lookUp(const std::string& host, std::uint16_t port, const Interruption& interruption) {
    std::promise<Resolver::Answer> promise;
    auto answer = promise.get_future();
    try {
        std::thread([promise = std::move(promise), host, port]() mutable {
            promise.set_value(Resolver::resolveNow(host, port));
        }).detach();
    } catch (const std::system_error& error) {
        return {{}, error.what()};
    }
    while (answer.wait_for(kLookUpTurn) != std::future_status::ready)
        if (interruption.isStopped()) return {{}, "interrupted"};
    return answer.get();
}

std::string read(std::istream& body) {
    std::string text(kMaxAnswer + 1, '\0');
    body.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(body.gcount()));
    if (text.size() > kMaxAnswer) throw LocalApiError("its answer is longer than a configuration may be");
    return text;
}

} // namespace

LocalApi::LocalApi(std::string host, std::uint16_t port, std::string containerId)
    : _host(std::move(host)), _port(port), _containerId(std::move(containerId)) {}

std::string LocalApi::name() const {
    return inWords(_host, _port);
}

std::string LocalApi::configuration(Interruption& interruption) const {
    try {
        JsonFields answer(parseJsonObject(ask(interruption)));
        answer.oneOf("status", {"okay"});
        return answer.text("config");
    } catch (const FieldError& error) {
        throw LocalApiError("the local API's answer: " + error.withoutValue());
    } catch (const Poco::Exception& error) {
        throw LocalApiError("the local API at " + name() + ": " + error.displayText());
    }
}

Poco::Net::StreamSocket LocalApi::connect(Interruption& interruption) const {
    const auto answer = lookUp(_host, _port, interruption);
    auto failure = answer.failure;
    for (const auto& address : answer.addresses) {
        if (interruption.isStopped()) break;
        try {
            Poco::Net::StreamSocket socket;
            socket.connect(address, kConnectLimit);
            socket.setReceiveTimeout(kAnswerLimit);
            socket.setSendTimeout(kAnswerLimit);
            socket.setKeepAlive(true);
            socket.setNoDelay(true);
            return socket;
        } catch (const Poco::Exception& error) {
            failure = error.displayText();
        }
    }
    throw LocalApiError("the local API at " + name() + " can't be reached: " + failure);
}

std::string LocalApi::ask(Interruption& interruption) const {
    using Poco::Net::HTTPRequest;
    auto socket = connect(interruption);
    Poco::Net::HTTPClientSession session(socket);
    // It must end before the session closes the socket, whose number may then be another one's.
    const Interruption::Watch watch(interruption, socket.impl()->sockfd());

    Poco::JSON::Object question;
    question.set("id", _containerId);
    std::ostringstream body;
    question.stringify(body);
    HTTPRequest request(HTTPRequest::HTTP_POST, "/v2/config/get", HTTPRequest::HTTP_1_1);
    request.setHost(_host, _port);
    request.setContentType("application/json");
    request.setContentLength64(static_cast<Poco::Int64>(body.str().size()));
    session.sendRequest(request) << body.str();

    Poco::Net::HTTPResponse response;
    auto text = read(session.receiveResponse(response));
    if (response.getStatus() != Poco::Net::HTTPResponse::HTTP_OK)
        throw LocalApiError("the local API at " + name() + " has no configuration for the container " +
                            _containerId + ": " + std::to_string(response.getStatus()) + " " +
                            response.getReason());
    return text;
}

} // namespace connector
