#pragma once

#include "net/LimitedLog.h"

#include <Poco/Timer.h>

#include <list>
#include <mutex>

namespace connector {

/// All LimitedLogs of the process, which it has write their summaries, in a thread of its own. Any thread.
class LimitedLogs {
  public:
    explicit LimitedLogs(const LogLimits& limits);

    /// Writes the last summaries.
    ~LimitedLogs();

    LimitedLogs(const LimitedLogs&) = delete;
    LimitedLogs& operator=(const LimitedLogs&) = delete;

    /// From now on, for all of them.
    void limit(const LogLimits& limits);

    /// The reference is good for as long as this object is.
    LimitedLog& add(LimitedLog::Kind kind);

  private:
    void onTimer(Poco::Timer& timer);
    void sumUp();

    std::mutex _mutex;
    LogLimits _limits;
    std::list<LimitedLog> _logs;
    Poco::Timer _timer;
};

} // namespace connector
