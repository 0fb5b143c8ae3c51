#pragma once

#include "ConnectorProcess.h"
#include "PostgresServer.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace connector::test {

/// The database server of all fleets of this test process.
PostgresServer& sharedServer();

/// That server is gone, as after a power cut, while this lives.
class Outage {
  public:
    Outage() { sharedServer().kill(); }
    ~Outage() { sharedServer().start(); }
    Outage(const Outage&) = delete;
    Outage& operator=(const Outage&) = delete;
};

struct FleetOptions {
    /// Written to "limits" in the configurations.
    std::map<std::string, int> limits{};
    std::uint16_t mappingPorts = 100;
    /// In production mode, with a front: for mappings with names, and without ports.
    bool hasFront = false;
};

/// Some Connectors with one database, each with the same ports on an address of its own.
class Fleet {
  public:
    /// Starts all of them.
    explicit Fleet(std::size_t size, const FleetOptions& options = {});

    /// What each is, from 0 on.
    ConnectorProcess& node(std::size_t index) { return *_nodes.at(index); }
    ConnectorSetup& setup(std::size_t index) { return *_setups.at(index); }
    const ApiClient& api(std::size_t index) { return node(index).api(); }
    std::string host(std::size_t index) const { return "127.0.0." + std::to_string(index + 2); }
    std::string cache(std::size_t index) const { return _setups.at(index)->folder().path("cache.db"); }

    /// Starts it again.
    void start(std::size_t index);
    /// Returns its exit code.
    int stop(std::size_t index);
    void kill(std::size_t index);

    const std::string& database() const { return _database; }
    /// The same as PostgresServer::ask().
    std::string ask(const std::string& statements) const { return sharedServer().ask(_database, statements); }

    /// A visitor there who is joined to an agent there; no other agent may be waiting.
    struct Relay {
        PipeClient visitor;
        PipeClient agent;
    };
    Relay relay(std::size_t index, const AddedMapping& mapping);
    bool serves(std::size_t index, const AddedMapping& mapping);
    bool listens(std::size_t index, std::uint16_t port) const;

    void waitUntilAllServe(const AddedMapping& mapping);
    void waitUntilNobodyListens(const AddedMapping& mapping) const;
    void waitForState(std::size_t index, const std::string& database);

  private:
    std::string _database = sharedServer().newDatabase();
    PortBlock _ports;
    std::vector<std::unique_ptr<ConnectorSetup>> _setups;
    std::vector<std::unique_ptr<ConnectorProcess>> _nodes;
};

} // namespace connector::test
