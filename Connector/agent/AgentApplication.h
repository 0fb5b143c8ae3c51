#pragma once

#include "agent/AgentPipes.h"
#include "agent/iofog/LocalApi.h"

#include <Poco/Util/Application.h>

#include <cstdint>
#include <string>

namespace connector {

/// The program iofog-connector-agent: its options, its signals and its exit codes.
class AgentApplication : public Poco::Util::Application {
  protected:
    void defineOptions(Poco::Util::OptionSet& options) override;
    void handleOption(const std::string& name, const std::string& value) override;
    int main(const std::vector<std::string>& arguments) override;

  private:
    void printHelp() const;
    int runConfigured(const std::string& containerId);
    int runFromFile();
    int runAsContainer(const LocalApi& api);
    AgentPipeFactory::Mode mode() const;

    std::string _configurationFile;
    bool _isContainer = false; ///< with --iofog
    std::string _localApiHost = LocalApi::kDefaultHost;
    std::uint16_t _localApiPort = LocalApi::kDefaultPort;
    std::string _logLevel; ///< empty: as the configuration says
    bool _plain = false;
    bool _pipe1 = false;
    bool _onlyCheck = false;
    bool _answered = false; ///< by --help or --version: there is nothing else to do
};

} // namespace connector
