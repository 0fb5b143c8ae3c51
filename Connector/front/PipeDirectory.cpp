#include "front/PipeDirectory.h"

#include <cstring>
#include <openssl/sha.h>

namespace connector {

namespace {

/// Calls the function for each passcode that a mapping has, and its side. A former one may be good no more:
/// whoever judges the greeting knows.
template <class Function>
void forEachPasscode(const Mapping& mapping, Function function) {
    std::size_t side = 0;
    for (const auto* endpoint : {&mapping.endpoint1, &mapping.endpoint2}) {
        for (const auto* passcode : {&endpoint->passcode, &endpoint->formerPasscode})
            if (!passcode->empty()) function(*passcode, side);
        ++side;
    }
}

} // namespace

std::size_t PipeDirectory::FirstBytes::operator()(const Digest& digest) const {
    std::size_t bytes = 0;
    std::memcpy(&bytes, digest.data(), sizeof bytes);
    return bytes;
}

PipeDirectory::Digest PipeDirectory::digestOf(const std::string& passcode) {
    Digest digest;
    ::SHA256(reinterpret_cast<const unsigned char*>(passcode.data()), passcode.size(), digest.data());
    return digest;
}

void PipeDirectory::add(LazyPipe& pipe) {
    const std::lock_guard lock(_mutex);
    addLocked(pipe);
}

void PipeDirectory::remove(LazyPipe& pipe) {
    const std::lock_guard lock(_mutex);
    removeLocked(pipe);
}

std::future<void> PipeDirectory::change(LazyPipe& pipe, const Mapping& mapping,
                                        std::array<Pipe::Listeners, 2> listeners) {
    const std::lock_guard lock(_mutex);
    removeLocked(pipe);
    auto changed = pipe.change(mapping, std::move(listeners));
    addLocked(pipe);
    return changed;
}

void PipeDirectory::addLocked(LazyPipe& pipe) {
    const auto& mapping = pipe.mapping();
    if (mapping.type == Mapping::Type::Public) {
        _byName.emplace(mapping.id, &pipe);
        // One that has had the name so far need not be known to have it no more.
        _byName.erase(mapping.name);
        if (!mapping.name.empty()) _byName.emplace(mapping.name, &pipe);
    }
    forEachPasscode(mapping, [&](const std::string& passcode, std::size_t side) {
        _byPasscode.emplace(digestOf(passcode), Place{&pipe, side});
    });
}

void PipeDirectory::removeLocked(LazyPipe& pipe) {
    const auto& mapping = pipe.mapping();
    for (const auto* name : {&mapping.id, &mapping.name})
        if (const auto found = _byName.find(*name); found != _byName.end() && found->second == &pipe)
            _byName.erase(found);
    forEachPasscode(mapping, [&](const std::string& passcode, std::size_t) {
        auto [begin, end] = _byPasscode.equal_range(digestOf(passcode));
        while (begin != end)
            begin = begin->second.pipe == &pipe ? _byPasscode.erase(begin) : std::next(begin);
    });
}

std::optional<LazyPipe::Use> PipeDirectory::findVisited(std::string_view name) {
    const std::lock_guard lock(_mutex);
    const auto found = _byName.find(name);
    if (found == _byName.end()) return std::nullopt;
    return found->second->use();
}

std::optional<PipeDirectory::AgentsPlace> PipeDirectory::findByPasscode(const std::string& passcode) {
    const auto digest = digestOf(passcode);
    const std::lock_guard lock(_mutex);
    const auto [begin, end] = _byPasscode.equal_range(digest);
    if (begin == end || std::next(begin) != end) return std::nullopt;
    return AgentsPlace{begin->second.pipe->use(), begin->second.side};
}

} // namespace connector
