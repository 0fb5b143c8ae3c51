#include "mapping/AuditLog.h"

#include "base/Printable.h"

namespace connector {

namespace {

/// A Controller that sets up all its mappings anew is no flood.
constexpr int kTimesTheLines = 20;

} // namespace

void AuditLog::write(const Caller& caller, const std::string& action, const Mapping& mapping, LogLine line) {
    of(caller.identity).write(caller.address, action, [&] {
        return line.with("action", action)
            .with("mapping", mapping.id)
            .with("label", mapping.label)
            .with("type", mapping.typeName())
            .with("identity", caller.identity)
            .with("address", caller.address);
    });
}

LimitedLog& AuditLog::of(const std::string& identity) {
    const std::lock_guard lock(_mutex);
    auto& log = _identities[identity];
    if (!log)
        log = &_logs.add({.source = "mapping",
                          .what = "changes by " + printable(identity),
                          .isShared = false,
                          .timesTheLines = kTimesTheLines});
    return *log;
}

} // namespace connector
