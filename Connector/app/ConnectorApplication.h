#pragma once

#include "app/Configuration.h"

#include <Poco/Util/ServerApplication.h>

#include <string>

namespace connector {

/// The program iofog-connector as a server: its options, its signals and its exit codes (doc/operations.md).
class ConnectorApplication : public Poco::Util::ServerApplication {
  public:
    /// The options that a server takes, for its help.
    static Poco::Util::OptionSet allOptions();

  protected:
    void defineOptions(Poco::Util::OptionSet& options) override;
    void handleOption(const std::string& name, const std::string& value) override;
    int main(const std::vector<std::string>& arguments) override;

  private:
    std::string _configurationFile = kDefaultConfiguration;
    bool _onlyCheck = false;
};

} // namespace connector
