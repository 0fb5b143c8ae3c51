#include "api/ApiLogs.h"

#include "auth/Identities.h"
#include "base/Printable.h"

namespace connector {

namespace {

LimitedLog::Kind kindOf(const std::string& what) {
    return {"api", Poco::Message::PRIO_WARNING, what};
}

} // namespace

ApiLogs::ApiLogs(const std::vector<Identity>& identities, LimitedLogs& logs)
    : turnedAway(logs.add(kindOf("callers turned away"))),
      connections(logs.add(kindOf("connections closed"))), _logs(logs) {
    add(identities);
}

void ApiLogs::add(const std::vector<Identity>& identities) {
    auto all = *_identities;
    for (const auto& identity : identities) {
        if (all.contains(identity.name)) continue;
        auto kind = kindOf("refusals to " + printable(identity.name));
        kind.isShared = false;
        all.emplace(identity.name, &_logs.add(std::move(kind)));
    }
    if (!all.contains(Identities::kAnonymous))
        all.emplace(Identities::kAnonymous,
                    &_logs.add(kindOf(std::string("refusals to ") + Identities::kAnonymous)));
    _identities.replace(std::move(all));
}

} // namespace connector
