#pragma once

#include "ChildProcess.h"

#include <string>
#include <sys/types.h>

namespace connector::test {

/// Keeps one thread of a program from running, as if it were stuck, for as long as the object lives. On one
/// thread, as the kernel knows the thread of the test that did it.
class StoppedThread {
  public:
    /// name: the thread's, as the program has named it.
    StoppedThread(const ChildProcess& process, const std::string& name);
    ~StoppedThread();
    StoppedThread(const StoppedThread&) = delete;
    StoppedThread& operator=(const StoppedThread&) = delete;

  private:
    pid_t _thread;
};

} // namespace connector::test
