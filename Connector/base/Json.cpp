#include "base/Json.h"

namespace connector {

Poco::JSON::Object::Ptr newJson() {
    return new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
}

Poco::JSON::Array::Ptr jsonArrayOf(const std::vector<std::string>& texts) {
    Poco::JSON::Array::Ptr array = new Poco::JSON::Array;
    for (const auto& text : texts)
        array->add(text);
    return array;
}

} // namespace connector
