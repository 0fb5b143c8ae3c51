#pragma once

#include "mapping/DatabaseWriter.h"
#include "mapping/LastUseRecord.h"
#include "mapping/OpenMappings.h"

#include <Poco/Timer.h>

#include <chrono>
#include <exception>
#include <mutex>
#include <vector>

namespace connector {

/// Has it written when mappings were last in use: now and then, on a timer's thread, and at the end.
class LastUseStorage {
  public:
    /// Both must outlive it; the writer calls it until it has ended.
    LastUseStorage(OpenMappings& mappings, DatabaseWriter& writer, std::chrono::milliseconds interval);

    /// Any thread; one at a time.
    void start();
    void changeInterval(std::chrono::milliseconds interval);

    /// Waits until the timer's thread has nothing to do any more.
    void stop();

    /// After stop(): has the writer store also what is too fresh to be written again.
    void storeAll() { store(true); }

  private:
    void onTimer(Poco::Timer& timer);
    void store(bool isEnd);
    void onStored(const std::vector<LastUseRecord>& records, const std::exception_ptr& failure);

    OpenMappings& _mappings;
    DatabaseWriter& _writer;
    std::mutex _mutex; ///< of what follows
    std::chrono::milliseconds _interval;
    bool _hasFailed = false;  ///< the last time
    bool _isUnderway = false; ///< until the database has answered
    Poco::Timer _timer;       ///< in a thread of its own
};

} // namespace connector
