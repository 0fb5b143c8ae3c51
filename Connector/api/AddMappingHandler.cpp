#include "api/AddMappingHandler.h"

#include "api/JsonAnswer.h"
#include "api/MappingRequest.h"

namespace connector {

Poco::JSON::Object::Ptr AddMappingHandler::handle(const ApiRequest& request) {
    const auto mapping = _mappings.add(readMapping(request.mediaType, request.body), request.caller);
    auto answer = newJson();
    answer->set("status", "ok");
    answer->set("id", mapping.id);
    answer->set("port1", mapping.endpoint1.port);
    answer->set("port2", mapping.endpoint2.port);
    answer->set("passcode1", mapping.endpoint1.passcode);
    answer->set("passcode2", mapping.endpoint2.passcode);
    answer->set("timestamp", timestampNow());
    return answer;
}

} // namespace connector
