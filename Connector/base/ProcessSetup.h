#pragma once

#include <csignal>
#include <initializer_list>

namespace connector {

/// Blocks these signals, for sigwait(3), and ignores SIGPIPE: OpenSSL writes without MSG_NOSIGNAL. Before the
/// first thread starts, so that every thread has them blocked.
sigset_t blockSignals(std::initializer_list<int> signals);

/// Raises the soft limit of descriptors to the hard one: each connection needs one.
void raiseDescriptorLimit();

} // namespace connector
