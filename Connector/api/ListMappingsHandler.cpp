#include "api/ListMappingsHandler.h"

#include "api/Form.h"
#include "api/JsonAnswer.h"
#include "api/MappingRequest.h"
#include "api/Printable.h"
#include "base/JsonFields.h"

#include <Poco/JSON/Array.h>

#include <charconv>

namespace connector {

namespace {

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMaxLimit = 1000;

std::size_t readLimit(const std::optional<std::string>& text) {
    if (!text) return kDefaultLimit;
    std::size_t limit = 0;
    const auto* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, limit);
    if (read.ec != std::errc() || read.ptr != end || limit < 1 || limit > kMaxLimit) {
        const auto demand = "it must be a whole number from 1 to " + std::to_string(kMaxLimit);
        throw FieldError("limit: \"" + printable(*text) + "\" is not allowed; " + demand, "limit: " + demand);
    }
    return limit;
}

} // namespace

Poco::JSON::Object::Ptr ListMappingsHandler::handle(const ApiRequest& request) {
    const Form query(request.query);
    const auto limit = readLimit(query.find("limit"));
    const auto after = query.find("after");

    // One more than asked for, to know whether this is the last page.
    auto reports = _mappings.list(after ? checkedMappingId(*after) : "", limit + 1);
    const bool hasMore = reports.size() > limit;
    if (hasMore) reports.pop_back();

    Poco::JSON::Array::Ptr mappings = new Poco::JSON::Array;
    for (const auto& report : reports)
        mappings->add(_json.write(report));
    auto answer = newJson();
    answer->set("mappings", mappings);
    if (hasMore) answer->set("next", reports.back().mapping.id);
    return answer;
}

} // namespace connector
