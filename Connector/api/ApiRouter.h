#pragma once

#include "api/ApiSettings.h"
#include "api/Identities.h"
#include "api/RequestHandler.h"
#include "mapping/MappingService.h"

#include <Poco/Net/HTTPRequest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// Knows the API's endpoints and who may call them. Owns the handlers. Any thread.
class ApiRouter {
  public:
    /// Whom a request goes to, decided before its body is read.
    struct Admission {
        RequestHandler& handler;
        /// Complete but for the body and the caller.
        ApiRequest request;
    };

    /// mappings must outlive the router.
    ApiRouter(const ApiSettings& settings, MappingService& mappings);

    /// The identity of a caller that may make this request, "" where everybody may. caller: its
    /// authorization is taken from the head. Throws HttpError 400, 401 and 403. To be asked first, so that
    /// who is not known does not learn which paths there are.
    std::string identify(const Poco::Net::HTTPRequest& head, Credentials caller) const;

    /// Throws HttpError 400, 404, 405 and 415.
    Admission admit(const Poco::Net::HTTPRequest& head) const;

  private:
    struct Route {
        /// A path that ends in '/' stands for all that continue it, with the id of a mapping.
        std::string path;
        bool isOpenToAll;
        /// Of each method that the path has.
        std::map<std::string, std::shared_ptr<RequestHandler>> handlers;
    };

    static RequestHandler& handlerOf(const Route& route, const std::string& method);
    const Route* find(const std::string& path) const;

    Identities _identities;
    std::vector<Route> _routes;
};

} // namespace connector
