#pragma once

#include "mapping/PortPool.h"
#include "model/Mapping.h"
#include "pipe/Pipe.h"
#include "pipe/PipeEnvironment.h"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace connector {

/// Takes ports of the pool for mappings, and listens on them. Not thread safe; MappingService's lock guards
/// it.
class MappingPorts {
  public:
    /// Of a mapping's two ports.
    using Listeners = std::array<Pipe::Listeners, 2>;
    /// The id of the mapping that has a port, "" when none has.
    using OwnerOf = std::function<std::string(std::uint16_t port)>;

    /// environment and pool must outlive it. ownerOf: for messages.
    MappingPorts(PipeEnvironment& environment, PortPool& pool, OwnerOf ownerOf);

    /// Ports that were given back before a restart, the one given back first in front.
    void setReleased(const std::vector<std::uint16_t>& ports) { _pool.moveToBack(ports); }

    /// Those that mappings may be given from now on; those that mappings have stay theirs.
    void replace(const std::vector<std::uint16_t>& ports) { _pool.replace(ports); }

    std::size_t freeCount() const { return _pool.freeCount(); }

    /// Takes the ports of a mapping out of the pool, and leaves them closed.
    void keepFor(const Mapping& mapping);

    /// The same, and opens them; one that something else holds is logged, and has no listeners.
    Listeners openAgain(const Mapping& mapping);

    /// Opens the ports of `wanted` that the former one has not; those that are 0 are chosen. Takes none when
    /// it throws: UnfitSettings, PortTaken, NoFreePorts.
    Listeners open(const Mapping& former, Mapping& wanted);

    /// Gives back those of a mapping that its successor does not keep.
    void giveBack(const Mapping& mapping, const Mapping& keeper);

  private:
    Pipe::Listeners listenAgain(const Mapping& mapping, const Endpoint& endpoint);
    Pipe::Listeners listenOnFreePort(std::uint16_t& port);
    Pipe::Listeners listenOnPort(const std::string& key, std::uint16_t port);
    void refuseTaken(const std::string& key, std::uint16_t port) const;

    PipeEnvironment& _environment;
    PortPool& _pool;
    const OwnerOf _ownerOf;
};

} // namespace connector
