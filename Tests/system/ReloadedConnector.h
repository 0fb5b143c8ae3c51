#pragma once

#include "ConnectorProcess.h"

#include <Poco/JSON/Object.h>

#include <optional>
#include <string>

namespace connector::test {

/// A Connector whose configuration is changed while it runs.
class ReloadedConnector {
  public:
    explicit ReloadedConnector(Mode mode = Mode::Plain) : setup(mode) {}

    /// Starts it.
    void start() { _connector.emplace(setup); }

    ConnectorProcess& connector() { return *_connector; }
    const ApiClient& api() { return _connector->api(); }

    /// Writes the configuration as it stands in the setup, sends SIGHUP, and returns what is logged of it:
    /// one line.
    std::string reload();

    /// The same, which must change these keys, and keep none.
    void reload(const std::string& changed);

    /// What the API's status says of the last time.
    Poco::JSON::Object::Ptr lastRead();

    ConnectorSetup setup;

  private:
    std::optional<ConnectorProcess> _connector;
};

} // namespace connector::test
