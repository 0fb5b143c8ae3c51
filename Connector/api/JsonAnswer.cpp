#include "api/JsonAnswer.h"

#include <Poco/Timestamp.h>

namespace connector {

Poco::JSON::Object::Ptr newAnswer() {
    return new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
}

Poco::Int64 timestampNow() {
    return Poco::Timestamp().epochMicroseconds() / 1000;
}

Poco::JSON::Object::Ptr failureAnswer(const std::string& message) {
    auto answer = newAnswer();
    answer->set("status", "failed");
    answer->set("errormessage", message);
    answer->set("timestamp", timestampNow());
    return answer;
}

} // namespace connector
