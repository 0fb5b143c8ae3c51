#include "pipe/EventFeed.h"

#include "base/Json.h"
#include "base/Timestamp.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace connector {

namespace {

/// Of what one next() gives.
constexpr std::size_t kMostAtOnce = 100;

/// No process has so many events in a millisecond that the numbers of the next one would not be greater.
constexpr std::uint64_t kPerMillisecond = 1000;

std::string textOf(const Poco::JSON::Object& object) {
    std::ostringstream text;
    object.stringify(text);
    return text.str();
}

} // namespace

EventFeed::Listener::~Listener() {
    const std::lock_guard lock(_feed._mutex);
    _feed._listeners.remove(this);
}

void EventFeed::Listener::start(std::function<void()> onMore) {
    const std::lock_guard lock(_feed._mutex);
    _onMore = std::move(onMore);
}

std::optional<std::vector<MappingEvent>> EventFeed::Listener::next() {
    const std::lock_guard lock(_feed._mutex);
    const auto& kept = _feed._kept;
    const auto oldest = _feed._last + 1 - kept.size();
    if (_last + 1 < oldest) return std::nullopt;
    auto first = kept.begin() + static_cast<std::ptrdiff_t>(_last + 1 - oldest);
    const auto some = std::min<std::ptrdiff_t>(kept.end() - first, kMostAtOnce);
    _last += static_cast<std::uint64_t>(some);
    _isWoken = some > 0;
    return std::vector<MappingEvent>(first, first + some);
}

EventFeed::EventFeed(const EventLimits& limits)
    : _limits(limits), _last(static_cast<std::uint64_t>(timestampNow()) * kPerMillisecond) {}

void EventFeed::limit(const EventLimits& limits) {
    const std::lock_guard lock(_mutex);
    _limits = limits;
}

EventLimits EventFeed::limits() const {
    const std::lock_guard lock(_mutex);
    return _limits;
}

void EventFeed::publish(const char* name, const Mapping& mapping, std::uint16_t port) {
    auto object = newJson();
    object->set("id", mapping.id);
    object->set("type", mapping.typeName());
    if (!mapping.label.empty()) object->set("label", mapping.label);
    if (!mapping.name.empty()) object->set("name", mapping.name);
    if (port != 0) object->set("port", port);
    object->set("timestamp", timestampNow());
    add(name, textOf(*object));
}

void EventFeed::add(const char* name, std::string json) {
    const std::lock_guard lock(_mutex);
    _kept.push_back({++_last, name, std::move(json)});
    while (_kept.size() > _limits.kept)
        _kept.pop_front();
    for (auto* listener : _listeners)
        if (listener->_onMore && !std::exchange(listener->_isWoken, true)) listener->_onMore();
}

std::unique_ptr<EventFeed::Listener> EventFeed::listen(std::optional<std::uint64_t> after) {
    const std::lock_guard lock(_mutex);
    if (_listeners.size() >= _limits.listeners) return nullptr;
    const auto oldest = _last - _kept.size();
    const bool hasMissed = after && (*after < oldest || *after > _last);
    const auto last = !after ? _last : hasMissed ? oldest : *after;
    auto listener = std::unique_ptr<Listener>(new Listener(*this, last, hasMissed));
    _listeners.push_back(listener.get());
    return listener;
}

} // namespace connector
