#include "api/HealthHandler.h"

#include "api/HttpError.h"
#include "api/JsonAnswer.h"

namespace connector {

Poco::JSON::Object::Ptr HealthHandler::handle(const ApiRequest&) {
    if (!_mappings.isReady())
        throw HttpError(Poco::Net::HTTPResponse::HTTP_SERVICE_UNAVAILABLE,
                        "not ready: mappings are being restored, or the server is shutting down");
    auto answer = newJson();
    answer->set("status", "ok");
    answer->set("timestamp", timestampNow());
    return answer;
}

} // namespace connector
