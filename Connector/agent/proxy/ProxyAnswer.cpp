#include "agent/proxy/ProxyAnswer.h"

#include <string_view>

namespace connector {

namespace {

constexpr std::string_view kBeginning = "HTTP/";

} // namespace

std::string ProxyAnswer::take(char next) {
    _head += next;
    if (_head.size() <= kBeginning.size() && !kBeginning.starts_with(_head))
        return "what answers is no HTTP proxy";
    if (_head.size() == kMaxHead && !isComplete())
        return "its answer is longer than " + std::to_string(kMaxHead) + " bytes";
    return "";
}

/// Some end lines without CR.
bool ProxyAnswer::isComplete() const {
    return _head.ends_with("\n\r\n") || _head.ends_with("\n\n");
}

} // namespace connector
