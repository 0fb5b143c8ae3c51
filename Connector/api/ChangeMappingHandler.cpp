#include "api/ChangeMappingHandler.h"

#include "api/MappingRequest.h"

namespace connector {

Poco::JSON::Object::Ptr ChangeMappingHandler::handle(const ApiRequest& request) {
    const auto id = checkedMappingId(request.pathId);
    return _json.write(_mappings.change(id, readMappingChange(request.body), request.caller));
}

} // namespace connector
