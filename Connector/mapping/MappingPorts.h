#pragma once

#include "mapping/PortPool.h"
#include "model/Mapping.h"
#include "pipe/Pipe.h"
#include "pipe/PipeEnvironment.h"

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace connector {

/// Takes ports of the pool for mappings, and listens on them. Not thread safe; OpenMappings' lock guards it.
class MappingPorts {
  public:
    /// Of a mapping's two ports.
    using Listeners = std::array<Pipe::Listeners, 2>;

    /// environment and pool must outlive it.
    MappingPorts(PipeEnvironment& environment, PortPool& pool);

    /// Ports that were given back before a restart, the one given back first in front.
    void setReleased(const std::vector<std::uint16_t>& ports) { _pool.moveToBack(ports); }

    /// Those that mappings may be given from now on; those that mappings have stay theirs.
    void replace(const std::vector<std::uint16_t>& ports) { _pool.replace(ports); }

    std::size_t freeCount() const { return _pool.freeCount(); }

    /// The ports are a mapping's from now on, and not in the pool; opens nothing.
    void keepFor(const Mapping& mapping);

    /// The same, and opens them; one that something else holds is logged, and has no listeners.
    Listeners openAgain(const Mapping& mapping);

    /// The same for a mapping that has changed, of the ports that it had not before.
    Listeners openChanged(const Mapping& former, const Mapping& wanted);

    /// Opens the ports of `wanted` that the former one has not; those that are 0 are chosen. Takes none when
    /// it throws: UnfitSettings, PortTaken, NoFreePorts.
    Listeners open(const Mapping& former, Mapping& wanted);

    /// Whether it is out of the pool, and no mapping's yet.
    bool isLeased(std::uint16_t port) const { return _pool.isTaken(port) && !_owners.contains(port); }

    /// Gives back those of a mapping, or those that it was to get, that its successor does not keep and that
    /// no other mapping has.
    void giveBack(const Mapping& mapping, const Mapping& keeper);

  private:
    Pipe::Listeners listenAgain(const Mapping& mapping, const Endpoint& endpoint);
    Pipe::Listeners listenOnFreePort(std::uint16_t& port);
    Pipe::Listeners listenOnPort(const std::string& key, std::uint16_t port);
    void refuseTaken(const std::string& key, std::uint16_t port) const;

    PipeEnvironment& _environment;
    PortPool& _pool;
    std::unordered_map<std::uint16_t, std::string> _owners; ///< ids of mappings
};

} // namespace connector
