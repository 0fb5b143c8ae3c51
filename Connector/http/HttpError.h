#pragma once

#include <Poco/Net/HTTPResponse.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace connector {

/// A request that is answered with an error; what() becomes the answer's `errormessage`.
class HttpError : public std::runtime_error {
  public:
    using Status = Poco::Net::HTTPResponse::HTTPStatus;
    using Headers = std::vector<std::pair<std::string, std::string>>;

    /// message: valid UTF-8 without secrets. headers: what this status demands, such as Allow.
    HttpError(Status status, const std::string& message, Headers headers = {})
        : std::runtime_error(message), _status(status), _headers(std::move(headers)) {}

    Status status() const { return _status; }
    const Headers& headers() const { return _headers; }

  private:
    Status _status;
    Headers _headers;
};

} // namespace connector
