#include "api/RemoveMappingHandler.h"

#include "api/JsonAnswer.h"
#include "api/MappingRequest.h"
#include "base/JsonFields.h"

namespace connector {

Poco::JSON::Object::Ptr RemoveMappingHandler::handle(const ApiRequest& request) {
    const auto id = findMappingId(request.mediaType, request.body);
    if (!id) throw FieldError("mappingid: missing; it must be the id of the mapping to remove");
    _mappings.remove(*id, request.caller);
    auto answer = newJson();
    answer->set("status", "ok");
    answer->set("id", *id);
    answer->set("timestamp", timestampNow());
    return answer;
}

} // namespace connector
