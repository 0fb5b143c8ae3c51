#include "api/PageHandler.h"

#include "api/ApiExchange.h"

namespace connector {

void PageHandler::handleRequest(Poco::Net::HTTPServerRequest& request,
                                Poco::Net::HTTPServerResponse& response) {
    const auto& arrived = RequestSocket::of(request).request();
    ApiExchange exchange(_context, arrived, request, response);
    try {
        if (!arrived.hasHead) throw HttpError(*arrived.problem);
        _context.rules->hosts.checkPage(request);
        if (arrived.problem) throw HttpError(*arrived.problem);
        exchange.succeed(_file);
    } catch (...) {
        exchange.fail(std::current_exception());
    }
}

} // namespace connector
