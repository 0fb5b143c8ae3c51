#include "api/JsonAnswer.h"

namespace connector {

Poco::JSON::Object::Ptr failureAnswer(const std::string& message) {
    auto answer = newJson();
    answer->set("status", "failed");
    answer->set("errormessage", message);
    answer->set("timestamp", timestampNow());
    return answer;
}

} // namespace connector
