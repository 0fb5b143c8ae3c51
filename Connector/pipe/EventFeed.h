#pragma once

#include "model/Mapping.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// How much there may be of the events that are told.
struct EventLimits {
    /// The latest events, which are kept for those who come back, or are slow.
    std::size_t kept = 1000;
    /// Those who listen at once.
    std::size_t listeners = 20;
    /// Silence after which a listener is sent something all the same.
    std::chrono::milliseconds heartbeat{15000};
    /// How long a port must have been without agents for that to be an event.
    std::chrono::milliseconds agentsGone{2000};

    bool operator==(const EventLimits&) const = default;
};

/// Something that has happened to a mapping. A value.
struct MappingEvent {
    std::uint64_t number = 0; ///< greater than those before it, of earlier processes, too
    std::string name;
    std::string json; ///< one object, in one line
};

/// What happens to mappings, told to all who listen. Publishing waits for nobody: the latest events are kept,
/// and listeners take them from there. Any thread.
class EventFeed {
  public:
    /// Somebody who listens, from his making until he is destroyed. The feed must outlive him. One thread at
    /// a time.
    class Listener {
      public:
        ~Listener();
        Listener(const Listener&) = delete;
        Listener& operator=(const Listener&) = delete;

        /// onMore: called, on any thread, when there are events again after next() had none. It must not
        /// wait, nor call the feed.
        void start(std::function<void()> onMore);

        /// Some of those that were not taken yet, the earliest first. Nothing at all when some of them are
        /// not kept any more.
        std::optional<std::vector<MappingEvent>> next();

        /// Whether events behind the one that he wanted to go on from were not kept any more when he came.
        bool hasMissed() const { return _hasMissed; }

      private:
        friend class EventFeed;
        Listener(EventFeed& feed, std::uint64_t last, bool hasMissed)
            : _feed(feed), _last(last), _hasMissed(hasMissed) {}

        EventFeed& _feed;
        std::uint64_t _last;
        const bool _hasMissed;
        bool _isWoken = true; ///< until next() has nothing
        std::function<void()> _onMore;
    };

    explicit EventFeed(const EventLimits& limits);

    void limit(const EventLimits& limits);
    EventLimits limits() const;

    /// port: of the mapping, if that is what it is about; else 0.
    void publish(const char* name, const Mapping& mapping, std::uint16_t port = 0);

    /// after: the number of the last event that he knows; nothing: he is told what happens from now on. Null
    /// when there are as many listeners as may be.
    std::unique_ptr<Listener> listen(std::optional<std::uint64_t> after);

  private:
    void add(const char* name, std::string json);

    mutable std::mutex _mutex;
    EventLimits _limits;
    std::uint64_t _last; ///< number
    std::deque<MappingEvent> _kept;
    std::list<Listener*> _listeners;
};

} // namespace connector
