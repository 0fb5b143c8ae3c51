#include "api/EventsHandler.h"

#include "api/ApiExchange.h"
#include "api/EventStream.h"
#include "base/JsonFields.h"
#include "base/Printable.h"

#include <charconv>

namespace connector {

namespace {

/// Nothing when there is none.
std::optional<std::uint64_t> readNumber(const std::string& text) {
    if (text.empty()) return std::nullopt;
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) {
        const std::string demand = "it must be the id of an event, which is a whole number";
        throw FieldError("Last-Event-ID: \"" + printable(text) + "\" is not allowed; " + demand,
                         "Last-Event-ID: " + demand);
    }
    return number;
}

} // namespace

void EventsHandler::respond(const ApiRequest& request, ApiExchange& exchange) {
    constexpr const char* kMediaType = "text/event-stream";
    const auto after = readNumber(request.lastEventId);
    if (request.isHead) return exchange.goOn(nullptr, kMediaType);
    auto& feed = context().mappings.events();
    const auto limits = feed.limits();
    auto listener = feed.listen(after);
    if (!listener)
        throw HttpError(Poco::Net::HTTPResponse::HTTP_SERVICE_UNAVAILABLE,
                        std::to_string(limits.listeners) + " others listen to events (limits.event-streams)",
                        {{"Retry-After", "5"}});
    exchange.goOn(std::make_shared<EventStream>(std::move(listener), limits.heartbeat), kMediaType);
}

} // namespace connector
