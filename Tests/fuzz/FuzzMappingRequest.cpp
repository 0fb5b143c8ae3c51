// The body of a request about a mapping, as a form or as JSON.
#include "api/JsonAnswer.h"
#include "api/MappingRequest.h"
#include "base/JsonFields.h"

#include <Poco/JSON/Parser.h>

#include <cstdint>
#include <cstdlib>
#include <sstream>

using connector::Endpoint;
using connector::FieldError;
using connector::Mapping;

namespace {

constexpr std::size_t kMaxMessage = 500;

void check(bool condition) {
    if (!condition) std::abort();
}

void checkEndpoint(const Endpoint& endpoint) {
    check(endpoint.maxConnections >= 1 && endpoint.maxConnections <= 10000);
    check(endpoint.heartbeatAbsenceThreshold.count() >= 0);
    check(endpoint.heartbeatAbsenceThreshold.count() <= 2147483647);
    check(endpoint.passcode.empty());
}

void checkAlpn(const std::vector<std::string>& names) {
    check(names.size() <= 16);
    for (const auto& name : names)
        check(!name.empty() && name.size() <= 255 &&
              name.find_first_of(std::string(" \0\n", 3)) == std::string::npos);
}

/// The answer that carries the message is JSON, and whoever reads it finds the message.
void checkMessage(const std::string& message) {
    check(!message.empty() && message.size() < kMaxMessage);
    std::ostringstream answer;
    connector::failureAnswer(message)->stringify(answer);
    const auto read = Poco::JSON::Parser().parse(answer.str()).extract<Poco::JSON::Object::Ptr>();
    check(read->getValue<std::string>("errormessage") == message);
}

void fuzzMapping(const std::string& type, const std::string& body) {
    try {
        const auto mapping = connector::readMapping(type, body);
        checkEndpoint(mapping.endpoint1);
        if (mapping.type == Mapping::Type::Private) checkEndpoint(mapping.endpoint2);
        check(mapping.id.empty());
        checkAlpn(mapping.visitors.alpn);
    } catch (const FieldError& error) {
        checkMessage(error.what());
    }
}

void fuzzMappingChange(const std::string& body) {
    try {
        const connector::MappingChange change(body);
        Mapping mapping;
        change.applyTo(mapping);
        checkAlpn(mapping.visitors.alpn);
        connector::PasscodeChange(body).applyTo(mapping, "new");
    } catch (const FieldError& error) {
        checkMessage(error.what());
    }
}

void fuzzMappingId(const std::string& type, const std::string& body) {
    try {
        const auto id = connector::findMappingId(type, body);
        if (id) checkMessage(*id);
    } catch (const FieldError& error) {
        checkMessage(error.what());
    }
}

} // namespace

/// input: a byte that chooses the content type, and the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    if (size == 0) return 0;
    const std::string type = input[0] % 2 == 0 ? "application/x-www-form-urlencoded" : "application/json";
    const std::string body(reinterpret_cast<const char*>(input) + 1, size - 1);
    fuzzMapping(type, body);
    fuzzMappingChange(body);
    fuzzMappingId(type, body);
    return 0;
}
