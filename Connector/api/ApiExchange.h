#pragma once

#include "api/ApiHandler.h"
#include "api/ErrorAnswer.h"
#include "api/PageFile.h"

#include <Poco/JSON/Object.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>

#include <chrono>
#include <exception>
#include <string>
#include <string_view>

namespace connector {

/// One request's answer on its way out, into the log and into the metrics. One thread.
class ApiExchange {
  public:
    /// All must outlive the exchange.
    ApiExchange(const ApiContext& context, RequestSocket& socket, const Poco::Net::HTTPServerRequest& request,
                Poco::Net::HTTPServerResponse& response);

    void succeed(const Poco::JSON::Object& answer);

    /// With an answer of this media type that goes on; null: with its head alone.
    void goOn(std::shared_ptr<AnswerStream> stream, const std::string& mediaType);

    /// With a text of this media type.
    void succeed(std::string_view text, const std::string& mediaType);

    /// With a file, or with 304 for a browser that has it.
    void succeed(const PageFile& file);

    /// exception: why there is no other answer.
    void fail(const std::exception_ptr& exception);

    /// The caller is this identity; until then it counts as nobody. "": it need not be anybody.
    void identified(const std::string& identity) { _identity = identity; }

    /// What it counts as; until then as something else than all endpoints.
    void isAbout(const ApiTarget& target) {
        _endpoint = target.endpoint;
        _method = target.method;
    }

    Caller caller() const;

  private:
    void send(const Poco::JSON::Object& answer);
    void send(std::string_view body);
    void sendHead();
    bool keepsAlive() const;
    void logRefusal(const ErrorAnswer& error) const;
    void log() const;
    LogLine lineOf(const std::string& text, const std::string& reason) const;
    std::string inWords() const;

    const ApiContext& _context;
    RequestSocket& _socket;
    const ClientRequest& _arrived;
    const Poco::Net::HTTPServerRequest& _request;
    Poco::Net::HTTPServerResponse& _response;
    const std::string _address;
    std::string _identity;
    std::string _endpoint = ApiTarget::kOther;
    std::string _method = ApiTarget::kOther;
    const std::chrono::steady_clock::time_point _began = std::chrono::steady_clock::now();
};

} // namespace connector
