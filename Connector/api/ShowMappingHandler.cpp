#include "api/ShowMappingHandler.h"

#include "api/MappingRequest.h"

namespace connector {

Poco::JSON::Object::Ptr ShowMappingHandler::handle(const ApiRequest& request) {
    return _json.write(_mappings.show(checkedMappingId(request.pathId)));
}

} // namespace connector
