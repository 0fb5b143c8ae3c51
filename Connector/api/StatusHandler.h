#pragma once

#include "api/RequestHandler.h"
#include "mapping/MappingService.h"

#include <chrono>

namespace connector {

/// GET and POST /api/v2/status: Connector as a whole, or one mapping, in the words of the earlier Connector.
class StatusHandler : public RequestHandler {
  public:
    /// mappings must outlive the handler.
    explicit StatusHandler(MappingService& mappings) : _mappings(mappings) {}

    Poco::JSON::Object::Ptr handle(const ApiRequest& request) override;

  private:
    using Clock = std::chrono::steady_clock;

    Poco::JSON::Object::Ptr statusOfAll() const;
    Poco::JSON::Object::Ptr statusOf(const std::string& id) const;

    MappingService& _mappings;
    const Clock::time_point _started = Clock::now();
};

} // namespace connector
