#pragma once

#include "app/Configuration.h"
#include "cli/ApiClient.h"
#include "cli/PinnedTls.h"

#include <memory>
#include <string>

namespace connector {

/// The API of the Connector that runs on a configuration of this machine, as an operator uses it: it is found
/// through the configuration, and called with the first token that is in it.
class ConnectorApi final : public ApiClient {
  public:
    /// Throws ConfigurationError and TlsError.
    explicit ConnectorApi(const std::string& configurationFile);
    ~ConnectorApi() override;

    const Configuration& configuration() const { return _configuration; }

    /// Whether it says that all mappings are restored. False also when nothing answers within 2 s.
    bool isReady();

    /// What /health says. Throws CommandError when that is not "ok", and when nothing comes for 2 s. It gets
    /// no token, and so any certificate will do, from now on: the service is none the worse for a renewed one
    /// that it has not read yet.
    Poco::JSON::Object::Ptr health();

  private:
    std::string place() const override;
    CommandError connectionFailure(const Poco::Exception& error) const override;
    std::string helpWith(int status) const override;

    Configuration _configuration;
    std::string _tokenOf;            ///< the name of the identity whose token it is; "" when there is none
    std::unique_ptr<PinnedTls> _tls; ///< none in dev mode
};

} // namespace connector
