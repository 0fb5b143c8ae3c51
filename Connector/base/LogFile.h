#pragma once

#include <Poco/FileChannel.h>

#include <atomic>

namespace connector {

/// A file of the log that may be moved away, and that survives a full disk: lines that can't be written are
/// lost, and standard error hears of the first one. log() on one thread.
class LogFile : public Poco::FileChannel {
  public:
    using Poco::FileChannel::FileChannel;

    void log(const Poco::Message& message) override;

    /// Any thread: the next line goes into the file that has the path by then, and makes one when there is
    /// none.
    void reopen() { _reopen = true; }

  protected:
    ~LogFile() override = default;

  private:
    void complain(const Poco::Exception& error);

    std::atomic<bool> _reopen{false};
    bool _failing = false;
};

} // namespace connector
