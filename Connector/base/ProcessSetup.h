#pragma once

#include <csignal>
#include <initializer_list>

namespace connector {

/// Blocks these signals, for sigwait(3), and ignores SIGPIPE: OpenSSL writes without MSG_NOSIGNAL. Before the
/// first thread starts, so that every thread has them blocked.
sigset_t blockSignals(std::initializer_list<int> signals);

/// Starts the thread of jemalloc again that gives memory back to the system, which is lost in a fork. Does
/// nothing where another allocator is used.
void restartAllocatorThread();

/// Raises the soft limit of descriptors to the hard one: each connection needs one.
void raiseDescriptorLimit();

} // namespace connector
