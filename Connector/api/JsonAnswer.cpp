#include "api/JsonAnswer.h"

namespace connector {

Poco::JSON::Object::Ptr newAnswer() {
    return new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
}

Poco::JSON::Object::Ptr failureAnswer(const std::string& message) {
    auto answer = newAnswer();
    answer->set("status", "failed");
    answer->set("errormessage", message);
    answer->set("timestamp", timestampNow());
    return answer;
}

} // namespace connector
