#pragma once

#include "app/Configuration.h"
#include "base/Logging.h"

#include <Poco/Util/ServerApplication.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

class Server;
class Takeover;
class Upgrade;

/// The program iofog-connector as a server: its options, its signals and its exit codes (doc/operations.md).
/// POCO makes a daemon of it when the options ask for that.
class ConnectorApplication : public Poco::Util::ServerApplication {
  public:
    ConnectorApplication();
    ~ConnectorApplication();

    /// The options that a server takes, for its help.
    static Poco::Util::OptionSet allOptions();

    /// Serves, in the foreground or as a daemon, and returns the exit code; that of what becomes a daemon
    /// comes at once, and tells what was wrong with the command line, the configuration and the files that
    /// the daemon is to write. Call it once, before the first thread starts.
    int serve(int argc, char** argv);

  protected:
    void defineOptions(Poco::Util::OptionSet& options) override;
    int main(const std::vector<std::string>& arguments) override;
    void uninitialize() override;

  private:
    void readWords();
    void waitForTermination(const sigset_t& signals);
    void reload();
    void start();
    void takeOver();
    bool upgrade();
    std::vector<std::string> wordsForSuccessor() const;
    void waitForDrained(const sigset_t& signals);
    [[noreturn]] void endWithoutDisk();
    int fail(int exitCode, const std::string& message) const;

    std::string _configurationFile = kDefaultConfiguration;
    std::string _absoluteFile; ///< the same; a daemon goes to another folder
    std::string _pidFile;      ///< "": none
    bool _onlyCheck = false;
    bool _isDaemon = false;
    std::string _program;            ///< as it was when this process was started
    std::vector<std::string> _words; ///< the command line
    std::vector<std::string> _wordsForPoco;
    std::unique_ptr<Upgrade> _upgrade;   ///< null unless another process has replaced this one
    std::unique_ptr<Takeover> _takeover; ///< null in a process that was not started to replace another one
    Configuration _configuration;
    std::optional<Logging> _logging;
    std::unique_ptr<Server> _server;
};

} // namespace connector
