#pragma once

#include "api/ApiHandler.h"

namespace connector {

/// GET /health: whether all stored mappings have been restored. Anybody may ask.
class HealthHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
};

/// GET and POST /api/v2/status: Connector as a whole, or one mapping, in the words of the earlier Connector.
class StatusHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
    Poco::JSON::Object::Ptr statusOfAll() const;
    Poco::JSON::Object::Ptr statusOf(const std::string& id) const;
};

} // namespace connector
