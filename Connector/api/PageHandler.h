#pragma once

#include "api/ApiHandler.h"
#include "api/PageFile.h"

namespace connector {

/// GET /, /connector.css and /connector.js: the page, for whoever asks; what it shows it gets from the API,
/// for which a caller must be known. One object a request, on a thread of POCO's HTTPServer, which owns it.
class PageHandler : public Poco::Net::HTTPRequestHandler {
  public:
    /// Both must outlive it.
    PageHandler(const ApiContext& context, const PageFile& file) : _context(context), _file(file) {}

    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override;

  private:
    const ApiContext& _context;
    const PageFile& _file;
};

} // namespace connector
