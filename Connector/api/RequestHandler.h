#pragma once

#include <Poco/JSON/Object.h>

#include <string>

namespace connector {

/// A request that has arrived in full, from a caller that may make it.
struct ApiRequest {
    /// The {id} of the path; "" where the path has none.
    std::string pathId;
    /// What follows the '?', not decoded.
    std::string query;
    /// In lower case, without parameters; "" when none was given.
    std::string mediaType;
    std::string body;
    /// Who asks, for the log: "<identity> at <address>".
    std::string caller;
};

/// Answers the requests of one endpoint; the API has one object of each for all its threads.
class RequestHandler {
  public:
    virtual ~RequestHandler() = default;

    /// The answer to a request that succeeds. What fails is thrown: FieldError, HttpError, MappingError,
    /// StorageError, or any other exception for an error of the server itself.
    virtual Poco::JSON::Object::Ptr handle(const ApiRequest& request) = 0;
};

} // namespace connector
