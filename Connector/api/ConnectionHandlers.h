#pragma once

#include "api/ApiHandler.h"

namespace connector {

/// GET /api/v2/mapping/{id}/connections: a mapping's agents and visitors.
class ListConnectionsHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
};

/// DELETE /api/v2/mapping/{id}/connections/{n}: ends one of them.
class EndConnectionHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
};

} // namespace connector
