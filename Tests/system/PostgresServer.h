#pragma once

#include "ChildProcess.h"
#include "Folder.h"
#include "PortBlock.h"

#include <cstdint>
#include <memory>
#include <string>

namespace connector::test {

/// A PostgreSQL server of the test's own, on 127.0.0.1, with its data in a temporary folder. It ends with the
/// object, and with the test process in any case. As PostgreSQL refuses to run as root, it then runs as
/// nobody.
class PostgresServer {
  public:
    static constexpr const char* kUser = "connector";
    static constexpr const char* kPassword = R"(it's_"secret"\)";

    /// Whether the programs of a server are installed; without them a test is to be skipped (Skipping.h).
    static bool isInstalled();

    /// Makes the server, and starts it.
    PostgresServer();
    ~PostgresServer();

    /// Returns when it takes connections; on the same port as before.
    void start();

    /// Its connections are ended; what is committed is on the disk.
    void stop();

    /// As a power cut does.
    void kill();

    /// stop() and start().
    void restart();

    /// A database that is empty, and nobody else's.
    std::string newDatabase();

    /// For configurations; without the password.
    std::string uri(const std::string& database, const std::string& parameters = "") const;

    /// A file with the password in its first line.
    std::string passwordFile() const { return _folder.path("password"); }

    std::uint16_t port() const { return _ports.first(); }

    /// The log of the server.
    std::string log() const;

    /// The first value of the first row that the statements give, "" for none, on a connection of its own.
    /// Throws std::runtime_error with what the server says.
    std::string ask(const std::string& database, const std::string& statements) const;

    /// Returns when somebody waits for a lock in that database.
    void awaitLockWaiter(const std::string& database) const;

  private:
    ChildProcess::Command command(std::vector<std::string> words) const;
    void launch();
    void relaunch();

    Folder _folder;
    PortBlock _ports;
    int _databases = 0;
    std::unique_ptr<ChildProcess> _process;
};

} // namespace connector::test
