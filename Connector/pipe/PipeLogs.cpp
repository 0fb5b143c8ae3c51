#include "pipe/PipeLogs.h"

namespace connector {

using Poco::Message;

namespace {

/// Of what somebody has asked for.
constexpr int kTimesTheLines = 20;

} // namespace

PipeLogs::PipeLogs(LimitedLogs& logs)
    : rejected(logs.add({"pipe", Message::PRIO_WARNING, "agents rejected"})),
      slowed(logs.add({"pipe", Message::PRIO_WARNING, "addresses slowed down"})),
      lost(logs.add({.source = "pipe", .what = "agents lost", .isShared = false})),
      doubtful(logs.add({"pipe", Message::PRIO_WARNING, "visitors without an answer"})),
      turnedAway(logs.add({.source = "pipe", .what = "visitors turned away"})),
      front(logs.add({.source = "pipe", .what = "connections to the front closed"})),
      proxies(logs.add({"pipe", Message::PRIO_WARNING, "connections from proxies closed"})),
      relays(logs.add({.source = "pipe",
                       .what = "relays ended",
                       .causes = "mappings",
                       .isShared = false,
                       .timesTheLines = kTimesTheLines})),
      descriptors(logs.add({"pipe", Message::PRIO_WARNING, "lines on descriptors", "limits"})),
      failed(logs.add({"agent", Message::PRIO_WARNING, "failures", "pipes"})),
      messages(logs.add({"agent", Message::PRIO_WARNING, "failures with ioMessages", "pipes", false})) {}

} // namespace connector
