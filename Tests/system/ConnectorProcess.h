#pragma once

#include "ApiClient.h"
#include "ConnectorSetup.h"
#include "Daemon.h"
#include "PipeClient.h"

#include <memory>
#include <string>

namespace connector::test {

/// A running Connector.
class ConnectorProcess : public Daemon {
  public:
    /// Starts it; returns when /health answers 200. Throws, with the log, when the process ends instead.
    explicit ConnectorProcess(const ConnectorSetup& setup);

    const ApiClient& api() const { return _api; }

    /// A connection to one of its ports, in the setup's mode.
    PipeClient connect(std::uint16_t port, ConnectOptions options = {},
                       const std::string& host = "127.0.0.1") const;

    /// A connection that has sent this passcode and was answered AUTHORIZED.
    PipeClient agent(std::uint16_t port, const std::string& passcode, ConnectOptions options = {},
                     const std::string& host = "127.0.0.1") const;

    /// Whether such a one is answered so, and not closed.
    bool isAuthorized(int port, const std::string& passcode) const;

    /// Whether a new agent and a new visitor of this public mapping are joined. No other agent may be
    /// waiting. Throws ConnectionLost when one of them is turned away.
    bool serves(const AddedMapping& mapping) const;

  private:
    void waitUntilHealthy();
    bool isHealthy() const;

    std::shared_ptr<const TlsSettings> _tls;
    ApiClient _api;
};

/// A public mapping that a Connector has opened, which has stopped since. Throws when it did not stop well.
AddedMapping addedBeforeStop(const ConnectorSetup& setup);

/// What the API needs to speak HTTPS with a Connector; null in plain mode.
Poco::Net::Context::Ptr httpsContext(Mode mode, const std::optional<KeyPair>& clientCertificate = {});

} // namespace connector::test
