#include "mapping/AuditLog.h"

#include "base/Printable.h"

#include <Poco/Format.h>

namespace connector {

namespace {

/// A Controller that sets up all its mappings anew is no flood.
constexpr int kTimesTheLines = 20;

} // namespace

std::string inWords(const Mapping& mapping) {
    const auto ports = mapping.hasPorts
                           ? Poco::format("ports %hu and %hu", mapping.endpoint1.port, mapping.endpoint2.port)
                           : "no ports";
    return std::string(mapping.typeName()) + ", " + ports +
           (mapping.name.empty() ? "" : ", name " + mapping.name);
}

void AuditLog::write(const Caller& caller, const std::string& action, const Mapping& mapping, LogLine line) {
    of(caller.identity).write(caller.address, action, [&] {
        return line.with("action", action)
            .with("mapping", mapping.id)
            .with("label", mapping.label)
            .with("name", mapping.name)
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
