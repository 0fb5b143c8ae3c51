#pragma once

#include "net/LimitedLogs.h"

namespace connector {

/// What pipes log that others can cause, for all pipes of the process together. Any thread.
struct PipeLogs {
    /// logs must outlive it.
    explicit PipeLogs(LimitedLogs& logs);

    LimitedLog& rejected;    ///< agents, and whoever else connects to their ports
    LimitedLog& slowed;      ///< addresses with too many wrong passcodes
    LimitedLog& lost;        ///< agents that were authorized
    LimitedLog& doubtful;    ///< agents that have given a visitor no answer
    LimitedLog& turnedAway;  ///< visitors, and an agent's local clients
    LimitedLog& front;       ///< connections to it that nobody wants
    LimitedLog& proxies;     ///< their connections that lack a good PROXY header
    LimitedLog& relays;      ///< that have ended, where that is to be told; the causes are mappings
    LimitedLog& descriptors; ///< that they run short, and that they don't any more
    /// What an agent's pipes can't do; the causes are the pipes.
    LimitedLog& failed;
    LimitedLog& messages; ///< ioMessages that are lost or make no sense; the causes are the pipes
};

} // namespace connector
