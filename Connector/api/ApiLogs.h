#pragma once

#include "auth/Identity.h"
#include "base/Reloadable.h"
#include "net/LimitedLogs.h"

#include <map>
#include <string>
#include <vector>

namespace connector {

/// What the API logs that callers can cause. Any thread.
class ApiLogs {
  public:
    /// logs must outlive it.
    ApiLogs(const std::vector<Identity>& identities, LimitedLogs& logs);

    /// What was refused to a known caller: a log for each, so that none can hide what another causes.
    /// identity: the name of one, or of anonymous callers.
    LimitedLog& refusedTo(const std::string& identity) const { return *_identities->at(identity); }

    /// There are these, too, from now on. One that has gone may still have a request under way.
    void add(const std::vector<Identity>& identities);

    LimitedLog& turnedAway;  ///< callers that are nobody
    LimitedLog& connections; ///< that had to go, as a limit was reached

  private:
    using ByIdentity = std::map<std::string, LimitedLog*>;

    LimitedLogs& _logs;
    Reloadable<ByIdentity> _identities{ByIdentity()};
};

} // namespace connector
