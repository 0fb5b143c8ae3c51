#include "cli/Json.h"

namespace connector {

Poco::JSON::Object::Ptr newJson() {
    return new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
}

void printJson(const Poco::JSON::Object& object, std::ostream& out) {
    object.stringify(out, 2);
    out << '\n';
}

} // namespace connector
