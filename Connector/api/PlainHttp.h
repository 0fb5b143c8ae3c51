#pragma once

#include "base/Reloadable.h"
#include "front/FrontSettings.h"
#include "net/LimitedLogs.h"

#include <Poco/Net/HTTPRequestHandlerFactory.h>

namespace connector {

/// What front.http-port answers: an authority's challenges, from a folder, and else where all of it is to be
/// had by HTTPS. Nothing of the API, and nobody needs an identity. For POCO's HTTPServer; any thread.
class PlainHttp : public Poco::Net::HTTPRequestHandlerFactory {
  public:
    /// Both must outlive it.
    PlainHttp(const Reloadable<FrontSettings>& settings, LimitedLog& challenges)
        : _settings(settings), _challenges(challenges) {}

    Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest& request) override;

    /// The log of challenges that were asked for.
    static LimitedLog::Kind challenges() {
        return {"front", Poco::Message::PRIO_INFORMATION, "challenges asked for"};
    }

  private:
    const Reloadable<FrontSettings>& _settings;
    LimitedLog& _challenges;
};

} // namespace connector
