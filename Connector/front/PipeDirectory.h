#pragma once

#include "pipe/LazyPipe.h"

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace connector {

/// Where agents and visitors go who come to the front: finds a public mapping's pipe by the mapping's name or
/// id, and any mapping's by a passcode. Any thread.
///
/// Passcodes are known by SHA-256 alone: how long it takes to find one tells of a digest, which nobody can
/// choose, and so nothing of a passcode that is not known.
class PipeDirectory {
  public:
    /// The pipe must be taken out with remove() before it is destroyed, and its mapping change by change()
    /// only.
    void add(LazyPipe& pipe);
    void remove(LazyPipe& pipe);

    /// LazyPipe::change(), and finds it by what is new.
    std::future<void> change(LazyPipe& pipe, const Mapping& mapping,
                             std::array<Pipe::Listeners, 2> listeners);

    /// name: a mapping's name, or its id. Nothing when there is no such public mapping in service.
    std::optional<LazyPipe::Use> findVisited(std::string_view name);

    /// Whose agents have a passcode.
    struct AgentsPlace {
        std::optional<LazyPipe::Use> use; ///< nothing when it is not in service
        std::size_t side;                 ///< 0 for port1
    };

    /// Nothing when nobody has the passcode, or more than one have it: then it does not tell which.
    std::optional<AgentsPlace> findByPasscode(const std::string& passcode);

  private:
    using Digest = std::array<std::uint8_t, 32>;
    /// As good as any other bytes of it.
    struct FirstBytes {
        std::size_t operator()(const Digest& digest) const;
    };
    struct Place {
        LazyPipe* pipe;
        std::size_t side;
    };
    using ByPasscode = std::unordered_multimap<Digest, Place, FirstBytes>;

    static Digest digestOf(const std::string& passcode);
    void addLocked(LazyPipe& pipe);
    void removeLocked(LazyPipe& pipe);

    std::mutex _mutex;
    std::unordered_map<std::string_view, LazyPipe*> _byName; ///< the keys are in the pipes' mappings
    ByPasscode _byPasscode;
};

} // namespace connector
