#pragma once

#include "api/ApiHandler.h"

#include <Poco/Net/HTTPRequestHandlerFactory.h>

#include <memory>
#include <string>

namespace connector {

/// What a port is for: the API, /metrics among the rest, or nothing but /metrics, where nobody needs an
/// identity.
enum class ApiPort { Api, Metrics };

/// Knows the API's endpoints: makes the handler of each request, for POCO's HTTPServer. What can't be served
/// gets one that refuses it. Any thread.
class ApiHandlerFactory : public Poco::Net::HTTPRequestHandlerFactory {
  public:
    /// context: must outlive the factory.
    explicit ApiHandlerFactory(const ApiContext& context, ApiPort port = ApiPort::Api)
        : _context(context), _port(port) {}

    Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest& request) override;

  private:
    const ApiContext& _context;
    const ApiPort _port;
};

} // namespace connector
