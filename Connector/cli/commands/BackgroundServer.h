#pragma once

#include "app/Configuration.h"

#include <optional>
#include <string>
#include <sys/types.h>

namespace connector {

/// A server that `start` has started, without systemd, and that `stop` finds again: its process id is in a
/// file beside its database.
class BackgroundServer {
  public:
    /// The configuration's server, whether or not it runs.
    explicit BackgroundServer(const Configuration& configuration);

    /// Whether a server uses the database, whoever has started it, or one that was launched is about to.
    /// Throws StorageError and CommandError.
    bool isRunning() const;

    /// Starts it, in a session of its own, and writes the file with its process id. Throws CommandError, and
    /// then it does not run.
    void launch();

    /// After launch(): the exit code of a server that has ended already.
    std::optional<int> exitCode() const;

    /// Sends SIGTERM to the running server and waits until it has ended. Throws CommandError when the process
    /// id is not known, when it may not be signalled, when it goes on, and when another one uses the
    /// database.
    void stop() const;

    /// Sends SIGHUP to the running server. Throws CommandError when its process id is not known, and when it
    /// may not be signalled.
    void hangUp() const;

    /// Removes the file with the process id.
    void forget() const;

    pid_t pid() const { return _pid; }

    /// What goes to the server's standard output and error is appended here.
    const std::string& outputFile() const { return _outputFile; }

    /// What has been appended since launch().
    std::string output() const;

  private:
    void remember() const;
    pid_t rememberedPid() const;
    bool isOurs(pid_t pid) const;
    /// what: is to be done to it.
    [[noreturn]] void refuseForeign(const std::string& what) const;

    std::string _configurationFile;
    std::string _databaseFile;
    std::string _pidFile;
    std::string _outputFile;
    pid_t _pid = -1;
    std::size_t _outputBefore = 0;
};

} // namespace connector
