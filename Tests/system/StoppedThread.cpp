#include "StoppedThread.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <sys/ptrace.h>
#include <sys/wait.h>

namespace connector::test {

namespace {

void trace(__ptrace_request request, pid_t thread) {
    if (::ptrace(request, thread, nullptr, nullptr) != 0)
        throw std::runtime_error("ptrace: " + std::string(std::strerror(errno)));
}

} // namespace

StoppedThread::StoppedThread(const ChildProcess& process, const std::string& name)
    : _thread(process.threadNamed(name)) {
    trace(PTRACE_SEIZE, _thread);
    trace(PTRACE_INTERRUPT, _thread);
    if (::waitpid(_thread, nullptr, __WALL) != _thread) throw std::runtime_error("the thread is gone");
}

StoppedThread::~StoppedThread() {
    ::ptrace(PTRACE_DETACH, _thread, nullptr, nullptr);
}

} // namespace connector::test
