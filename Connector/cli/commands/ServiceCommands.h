#pragma once

#include "cli/CommonOptions.h"

#include <ostream>

namespace connector {

// Commands for the service as a whole. They throw CommandError, ConfigurationError and StorageError.

/// `start`: starts the service, with systemd where that runs it, else in the background; returns when it
/// serves. It is no error that it runs already.
void startService(const CommonOptions& common, std::ostream& out);

/// `stop`: stops what `start` has started, and returns when it has ended. It is no error that nothing runs.
void stopService(const CommonOptions& common, std::ostream& out);

/// `reload`: has the running service read its configuration again, and shows what it has changed and what it
/// keeps until a restart. What is wrong, which changes nothing, is a ConfigurationError.
void reloadService(const CommonOptions& common, std::ostream& out);

/// `health`: whether the Connector that runs on the configuration is healthy, for those who restart it when
/// it is not, such as container engines: exit code 0, or 1 when it is not or does not answer.
void showHealth(const CommonOptions& common, std::ostream& out);

} // namespace connector
