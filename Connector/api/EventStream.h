#pragma once

#include "http/AnswerStream.h"
#include "pipe/EventFeed.h"

#include <memory>

namespace connector {

/// What happens to mappings, as server-sent events (text/event-stream, as the HTML standard has it).
class EventStream final : public AnswerStream {
  public:
    EventStream(std::unique_ptr<EventFeed::Listener> listener, std::chrono::milliseconds heartbeatTime);

    void start(std::function<void()> onMore) override { _listener->start(std::move(onMore)); }
    std::optional<std::string> next() override;
    std::string heartbeat() const override { return ":\n\n"; }
    std::chrono::milliseconds heartbeatTime() const override { return _heartbeatTime; }

  private:
    const std::unique_ptr<EventFeed::Listener> _listener;
    const std::chrono::milliseconds _heartbeatTime;
    bool _hasBegun = false;
};

} // namespace connector
