#pragma once

#include "api/ApiHandler.h"

namespace connector {

/// POST /api/v2/mapping/add: opens a mapping.
class AddMappingHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
};

/// POST /api/v2/mapping/remove: closes a mapping.
class RemoveMappingHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
};

/// GET /api/v2/mapping: the mappings by id, a page at a time.
class ListMappingsHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
};

/// GET /api/v2/mapping/{id}: one mapping.
class ShowMappingHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
};

/// PATCH /api/v2/mapping/{id}: changes what may be changed while a mapping is open.
class ChangeMappingHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
};

/// POST /api/v2/mapping/{id}/passcode: gives a mapping a new passcode.
class ChangePasscodeHandler : public ApiHandler {
  public:
    using ApiHandler::ApiHandler;

  private:
    Poco::JSON::Object::Ptr answer(const ApiRequest& request) override;
};

} // namespace connector
