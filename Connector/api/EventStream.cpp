#include "api/EventStream.h"

#include "base/Timestamp.h"

#include <utility>

namespace connector {

namespace {

/// What every stream begins with: the client learns that it is there, and how soon to come back, in ms.
constexpr const char* kBegin = "retry: 1000\n\n";

std::string inWords(const MappingEvent& event) {
    return "id: " + std::to_string(event.number) + "\nevent: " + event.name + "\ndata: " + event.json +
           "\n\n";
}

/// It has no number, so that the client goes on from the last event that it knows.
std::string missed() {
    return "event: missed\ndata: {\"timestamp\":" + std::to_string(timestampNow()) + "}\n\n";
}

} // namespace

EventStream::EventStream(std::unique_ptr<EventFeed::Listener> listener,
                         std::chrono::milliseconds heartbeatTime)
    : _listener(std::move(listener)), _heartbeatTime(heartbeatTime) {}

std::optional<std::string> EventStream::next() {
    const auto events = _listener->next();
    if (!events) return std::nullopt;
    std::string text;
    if (!std::exchange(_hasBegun, true)) text = kBegin + (_listener->hasMissed() ? missed() : "");
    for (const auto& event : *events)
        text += inWords(event);
    return text;
}

} // namespace connector
