#pragma once

#include "api/ApiHandler.h"
#include "api/ApiLogs.h"
#include "app/Configuration.h"
#include "front/Front.h"
#include "http/HttpServer.h"
#include "mapping/MappingService.h"
#include "metrics/ServerMetrics.h"
#include "net/EventLoops.h"
#include "net/ListeningSockets.h"
#include "net/TlsContext.h"
#include "net/Watchdog.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// What the process that this one replaces has handed over.
struct Inheritance {
    std::vector<Descriptor> listeningSockets;
    FrontConnections frontConnections{};
    Descriptor databaseLock{-1};
};

/// The whole server, put together from a configuration. Functions are for one thread.
class Server {
  public:
    /// Opens the database. Throws StorageError, TlsError.
    Server(const Configuration& configuration, Inheritance inheritance);

    /// Calls stop(), and waits for the disk in any case.
    ~Server();

    /// Takes requests to the API; /health says that the mappings are not there yet. Throws
    /// std::runtime_error when its port is not to be had.
    void openApi();

    /// Opens the ports of all mappings, and takes nobody in. Throws StorageError.
    void restore();

    /// Takes agents and visitors in.
    void serve();

    /// Tells the service manager from now on that the loops run.
    void watch();

    /// Leaves API and database to another process, and what listens open; pipes go on. False when that can't
    /// be done in a few seconds. resume() or drain() must follow.
    bool suspend();

    /// What another process needs to serve in this one's stead, after suspend().
    const ListeningSockets& listeningSockets() const { return _sockets; }
    const FrontConnections& frontConnections() const { return _frontConnections; }
    int databaseLock() const { return _mappings.lockDescriptor(); }

    /// Connections that come are left to whoever serves next: with two processes that accept, an agent could
    /// get to one of them, and the visitor that needs it to the other. resume() or drain() must follow.
    void pauseAccepting();

    /// Serves as before. Throws std::runtime_error when the API's port is not to be had any more.
    void resume();

    /// Is told of each mapping that is removed from now on. On threads of the API.
    void onRemoved(OpenMappings::OnClosed function) { _mappings.open().onClosed(std::move(function)); }

    /// After drain(): another process has removed a mapping; what is left of it here is closed.
    void closeDrained(const std::string& id) { _mappings.open().closeDrained(id); }

    /// For the status: why no other process serves in this one's stead.
    void noteFailedUpgrade(const std::string& reason) { _api.upgrade.fail(reason); }

    /// Another process serves: goes on with relays, and takes nobody in.
    void drain();

    /// Whether nobody is left to be served.
    bool isDrained() const { return _mappings.open().isDrained(); }

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
    void openMetricsPort();
    void openPlainHttp();
    void openFront();
    void closeApi();

    Configuration _configuration;
    const std::unique_ptr<TlsCredentials> _credentials; ///< null in dev mode
    LimitedLogs _limitedLogs;
    ListeningSockets _sockets;
    EventLoops _loops;
    PipeEnvironment _environment;
    MappingStore _store;
    PortPool _ports;
    MappingService _mappings;
    ServerMetrics _metrics;
    ApiLogs _apiLogs;
    ApiContext _api;
    Poco::Net::Context::Ptr _apiContext;      ///< null in dev mode
    std::unique_ptr<HttpServer> _http;        ///< null until openApi(), and after suspend()
    std::unique_ptr<HttpServer> _metricsHttp; ///< the same; null without a port for it
    std::unique_ptr<Front> _front;            ///< the same
    FrontConnections _frontConnections;       ///< while it is not there
    Reloadable<FrontSettings> _frontSettings; ///< for plain HTTP
    LimitedLog& _challenges;
    std::vector<std::unique_ptr<HttpServer>> _plainHttp; ///< one at each address of pipes.bind; none as above
    std::optional<Watchdog> _watchdog;
};

} // namespace connector
