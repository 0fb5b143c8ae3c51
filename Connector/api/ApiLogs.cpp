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
      connections(logs.add(kindOf("connections closed"))) {
    for (const auto& identity : identities) {
        auto kind = kindOf("refusals to " + printable(identity.name));
        kind.isShared = false;
        _identities.emplace(identity.name, &logs.add(std::move(kind)));
    }
    if (!_identities.contains(Identities::kAnonymous))
        _identities.emplace(Identities::kAnonymous,
                            &logs.add(kindOf(std::string("refusals to ") + Identities::kAnonymous)));
}

} // namespace connector
