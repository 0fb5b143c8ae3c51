#pragma once

#include "api/ApiHandler.h"
#include "api/ApiLogs.h"
#include "app/Configuration.h"
#include "http/HttpServer.h"
#include "mapping/MappingService.h"
#include "metrics/ServerMetrics.h"
#include "net/EventLoops.h"
#include "net/TlsContext.h"
#include "net/Watchdog.h"

#include <memory>

namespace connector {

/// The whole server, put together from a configuration; it serves from construction to destruction.
class Server {
  public:
    /// Restores all mappings. Throws StorageError, TlsError, and Poco::Exception when the API's port is not
    /// to be had.
    explicit Server(const Configuration& configuration);

    /// Calls stop(), and waits for the disk in any case.
    ~Server();

    /// Stops taking requests, then closes all pipes and the database. False when the disk has not answered:
    /// then this can't be destroyed, and the process must end without that.
    bool stop();

    /// What a changed configuration needs that may turn out to be no good.
    struct Renewal {
        std::unique_ptr<TlsCredentials> credentials; ///< null in dev mode
        Poco::Net::Context::Ptr apiContext;          ///< null: as it is
    };

    /// Changes nothing. Throws ConfigurationError and TlsError.
    Renewal prepare(const Configuration& configuration, const Configuration& running) const;

    /// Works by this configuration from now on, as far as that can change (Reload); what is open goes on.
    void change(const Configuration& configuration, const Renewal& renewal);

    /// For the status of the API.
    LastConfiguration& lastConfiguration() { return _api.configuration; }

  private:
    void startMetricsPort(const Configuration& configuration);

    const std::unique_ptr<TlsCredentials> _credentials; ///< null in dev mode
    LimitedLogs _limitedLogs;
    EventLoops _loops;
    PipeEnvironment _environment;
    MappingStore _store;
    PortPool _ports;
    MappingService _mappings;
    ServerMetrics _metrics;
    ApiLogs _apiLogs;
    ApiContext _api;
    HttpServer _http;
    std::optional<HttpServer> _metricsHttp; ///< none without a port for it
    Watchdog _watchdog;
};

} // namespace connector
