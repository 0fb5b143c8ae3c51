#pragma once

#include "base/LogLine.h"
#include "model/Caller.h"
#include "model/Mapping.h"
#include "net/LimitedLogs.h"

#include <map>
#include <mutex>
#include <string>

namespace connector {

/// What the log says of a mapping that is opened: "public, ports 6000 and 6001", "public, no ports, name
/// web".
std::string inWords(const Mapping& mapping);

/// Who has changed what: a line for each change that was asked for and is done. Any thread.
class AuditLog {
  public:
    /// logs must outlive it.
    explicit AuditLog(LimitedLogs& logs) : _logs(logs) {}

    /// action: add, change, passcode, remove or disconnect: for the summary of lines that were left out, and
    /// for the line's fields, which get what is known of mapping and caller, too.
    void write(const Caller& caller, const std::string& action, const Mapping& mapping, LogLine line);

  private:
    LimitedLog& of(const std::string& identity);

    LimitedLogs& _logs;
    std::mutex _mutex;
    /// Those of the configuration: one for each, so that none can hide what another does.
    std::map<std::string, LimitedLog*> _identities;
};

} // namespace connector
