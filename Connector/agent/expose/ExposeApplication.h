#pragma once

#include "agent/expose/ExposeSettings.h"

#include <Poco/Util/Application.h>

#include <optional>
#include <string>
#include <vector>

namespace connector {

/// The program iofog-connector-agent when its first word is `expose`: its options and its exit codes.
class ExposeApplication : public Poco::Util::Application {
  public:
    /// The word.
    static constexpr const char* kCommand = "expose";

  protected:
    void defineOptions(Poco::Util::OptionSet& options) override;
    void handleOption(const std::string& name, const std::string& value) override;
    int main(const std::vector<std::string>& arguments) override;

  private:
    void printHelp() const;
    void expose(const std::vector<std::string>& arguments);

    ExposeSettings _settings;
    std::optional<std::string> _server;
    std::string _tokenFile;
    std::string _caFile;
    bool _answered = false; ///< by --help: there is nothing else to do
};

} // namespace connector
