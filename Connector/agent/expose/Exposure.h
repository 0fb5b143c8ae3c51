#pragma once

#include "agent/AgentPipes.h"
#include "agent/expose/ExposeSettings.h"
#include "agent/expose/ExposeWatcher.h"
#include "agent/expose/ExposedMapping.h"
#include "agent/expose/ServerApi.h"

#include <Poco/Logger.h>

#include <csignal>
#include <optional>

namespace connector {

/// The command `expose`: opens a public mapping, serves the target, and removes the mapping at the end.
class Exposure {
  public:
    /// Throws TlsError. settings must outlive it.
    explicit Exposure(const ExposeSettings& settings);

    /// Returns when SIGINT, SIGTERM or SIGHUP has ended it and nothing is left of it, or what is to be kept.
    /// Before the first thread starts. Throws CommandError.
    void run();

  private:
    /// Why it is over.
    enum class End { Asked, Gone, PasscodeChanged };

    void keepConfiguration(const ExposedMapping& mapping, bool replace) const;
    End serve(ExposedMapping& mapping);
    End watch(ExposedMapping& mapping, AgentPipes& pipes, ExposeWatcher& watcher);
    std::optional<End> lookAfter(ExposedMapping& mapping, AgentPipes& pipes, ExposeWatcher& watcher);
    void finish(ExposedMapping& mapping, End end);

    const ExposeSettings& _settings;
    sigset_t _endSignals{};
    Poco::Logger& _log;
    ServerApi _api;
};

} // namespace connector
