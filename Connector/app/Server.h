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

#include <optional>

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

    /// Reads certificate and key again, for handshakes from now on. False without TLS. Throws TlsError, and
    /// then keeps the old ones.
    bool reloadCredentials();

    /// Reads the OCSP response again. False when there is none to be read. Throws TlsError, and then keeps
    /// the old one, which is shown for as long as it is about the certificate in use.
    bool reloadOcsp();

  private:
    void startMetricsPort(const Configuration& configuration);

    std::optional<TlsCredentials> _credentials; ///< none in dev mode
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
