#pragma once

#include <Poco/Util/ServerApplication.h>

#include <string>

namespace connector {

/// The program iofog-connector: its options, its signals and its exit codes (doc/operations.md).
class ConnectorApplication : public Poco::Util::ServerApplication {
  protected:
    void defineOptions(Poco::Util::OptionSet& options) override;
    void handleOption(const std::string& name, const std::string& value) override;
    int main(const std::vector<std::string>& arguments) override;

  private:
    void printHelp() const;

    std::string _configurationFile = "/etc/iofog-connector/iofog-connector.config";
    bool _onlyCheck = false;
    bool _answered = false; ///< by --help or --version: there is nothing else to do
};

} // namespace connector
