#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace connector {

/// The free ports that mappings may be given. A port that was given back is reused last, so that an old URL
/// or a late agent does not land on somebody else's mapping. Not thread safe; OpenMappings' lock guards
/// it.
class PortPool {
  public:
    /// ports: all that may be used, without duplicates, in the order in which they are to be handed out.
    explicit PortPool(const std::vector<std::uint16_t>& ports);

    /// Puts these behind all others, the first of them in front: the ports given back before a restart.
    void moveToBack(const std::vector<std::uint16_t>& ports);

    std::size_t freeCount() const;

    /// These may be used from now on, instead of those before. Of the free ones, those that were given back
    /// stay behind all others, in their order; a port that is taken stays so until it is given back, and is
    /// forgotten then if it is none of these.
    void replace(const std::vector<std::uint16_t>& ports);

    /// Takes the port that has been free the longest. Must not be called on an empty pool.
    std::uint16_t take();

    /// Whether it is one of those that may be used, and whether it is free, too.
    bool knows(std::uint16_t port) const { return _known.contains(port); }
    bool isFree(std::uint16_t port) const;
    bool isTaken(std::uint16_t port) const { return _taken.contains(port); }

    /// Takes this port out, also one that may not be used: it may be some day (replace()).
    void remove(std::uint16_t port);

    /// Gives a port back. One that the configuration no longer names is forgotten.
    void giveBack(std::uint16_t port);

  private:
    using Free = std::list<std::uint16_t>;

    std::unordered_set<std::uint16_t> _known; ///< those that may be used
    Free _free;                               ///< the one that has been free the longest in front
    std::unordered_map<std::uint16_t, Free::iterator> _places; ///< of those that are free
    std::unordered_set<std::uint16_t> _taken;
    std::unordered_set<std::uint16_t> _givenBack; ///< of those that are free
};

} // namespace connector
