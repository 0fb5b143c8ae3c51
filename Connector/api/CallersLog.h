#pragma once

#include "pipe/LimitedLog.h"

#include <Poco/Logger.h>

#include <map>
#include <mutex>
#include <string>

namespace connector {

/// Warnings that callers of the API can cause as often as they like. They are bounded as LimitedLog bounds
/// them: for each identity by itself, and for all strangers together, so that nobody can hide what another
/// has caused. Any thread.
class CallersLog {
  public:
    /// log: must outlive this.
    explicit CallersLog(Poco::Logger& log) : _log(log), _ofStrangers(log) {}

    /// identity: one of those that the API knows, for whom lines are kept apart.
    void warnOf(const std::string& identity, const std::string& line);

    /// Of somebody who is none of them.
    void warnOfStranger(const std::string& line);

  private:
    Poco::Logger& _log;
    std::mutex _mutex;
    std::map<std::string, LimitedLog> _ofIdentities;
    LimitedLog _ofStrangers;
};

} // namespace connector
