// What a client of the API sends: where its requests end, and that POCO understands them as they were
// understood.
#include "http/RequestReader.h"

#include <Poco/Net/HTTPRequest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

using connector::HttpError;
using connector::RequestReader;

namespace {

constexpr std::size_t kMaxBody = 64;

void check(bool condition) {
    if (!condition) std::abort();
}

const std::string kError = "error";

/// The requests, and kError where they end with one: its words depend on how much has come.
std::vector<std::string> requestsIn(const std::string& bytes, std::size_t pieces) {
    RequestReader reader(kMaxBody);
    std::vector<std::string> requests;
    try {
        for (std::size_t i = 0; i < bytes.size(); i += pieces) {
            reader.append(std::string_view(bytes).substr(i, pieces));
            while (reader.read())
                requests.push_back(reader.take());
        }
    } catch (const HttpError&) {
        requests.push_back(kError);
    }
    return requests;
}

/// POCO finds one length, which is right, and nothing behind the body.
void checkWithPoco(const std::string& message) {
    std::istringstream text(message);
    Poco::Net::HTTPRequest head;
    head.read(text);
    const auto end = message.find("\r\n\r\n");
    check(end != std::string::npos);
    const auto bodySize = message.size() - end - 4;
    check(bodySize <= kMaxBody);
    check(!head.getChunkedTransferEncoding() && !head.getExpectContinue());
    check(head.hasContentLength() ? head.getContentLength64() == static_cast<std::int64_t>(bodySize)
                                  : bodySize == 0);
    const auto lengths = std::count_if(head.begin(), head.end(), [](const auto& field) {
        return Poco::icompare(field.first, "Content-Length") == 0;
    });
    check(lengths <= 1);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(input), size);
    const auto requests = requestsIn(bytes, size + 1);
    check(requestsIn(bytes, 1) == requests);
    for (const auto& request : requests)
        if (request != kError) checkWithPoco(request);
    return 0;
}
