#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <vector>

namespace connector {

/// The free ports that mappings may be given. A port that was given back is reused last, so that an old URL
/// or a late agent does not land on somebody else's mapping. Not thread safe; MappingService's lock guards
/// it.
class PortPool {
  public:
    /// ports: all that may be used, without duplicates, in the order in which they are to be handed out.
    explicit PortPool(const std::vector<std::uint16_t>& ports);

    /// Puts these behind all others, the first of them in front: the ports given back before a restart.
    void moveToBack(const std::vector<std::uint16_t>& ports);

    std::size_t freeCount() const;

    /// Takes the port that has been free the longest. Must not be called on an empty pool.
    std::uint16_t take();

    /// Takes this port out, for a mapping that already has it. One that is not in the pool is left alone.
    void remove(std::uint16_t port);

    /// Gives a port back. One that the configuration no longer names is forgotten.
    void giveBack(std::uint16_t port);

  private:
    std::set<std::uint16_t> _configured;
    std::deque<std::uint16_t> _free;
};

} // namespace connector
