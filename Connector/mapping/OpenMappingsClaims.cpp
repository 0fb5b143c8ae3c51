#include "mapping/OpenMappings.h"

namespace connector {

OpenMappings::Claim::Claim(OpenMappings& mappings, const std::string& id,
                           DatabaseWriter::Clock::time_point until)
    : _mappings(mappings), _id(id) {
    std::unique_lock lock(_mappings._mutex);
    const auto isFree = [&] { return !_mappings._areClaimsAllowed || !_mappings._claimed.contains(id); };
    if (!_mappings._unclaimed.wait_until(lock, until, isFree))
        throw StorageStalled("another change of this mapping waits for the server's database; nothing was "
                             "changed");
    if (!_mappings._areClaimsAllowed) throw NotServing("the connector is shutting down");
    const auto damaged = _mappings._damaged.find(id);
    _isDamaged = damaged != _mappings._damaged.end();
    _mapping = _isDamaged ? damaged->second : find(_mappings._open, id)->second.mapping();
    _mappings._claimed.insert(id);
}

OpenMappings::Claim::~Claim() {
    const std::lock_guard lock(_mappings._mutex);
    _mappings._claimed.extract(_id);
    _mappings._unclaimed.notify_all();
}

OpenMappings::Lease::Lease(OpenMappings& mappings, const Mapping& former, Mapping& wanted)
    : _mappings(mappings), _former(former) {
    const std::lock_guard lock(_mappings._mutex);
    const bool takesName = !wanted.name.empty() && wanted.name != _former.name;
    if (takesName) _mappings.refuseTakenName(wanted.name);
    _listeners = _mappings._ports.open(_former, wanted);
    _wanted = wanted;
    if (takesName) _mappings._names.lease(_wanted);
    _mappings._claimed.insert(_wanted.id);
}

OpenMappings::Lease::~Lease() {
    const std::lock_guard lock(_mappings._mutex);
    if (!_areKept) _mappings.giveBack(_wanted, _former);
    _mappings._claimed.extract(_wanted.id);
    _mappings._unclaimed.notify_all();
}

/// With the lock.
void OpenMappings::refuseTakenName(const std::string& name) const {
    const auto* const owner = _names.ownerOf(name);
    if (!owner && !_open.contains(name) && !_damaged.contains(name)) return;
    const auto taken = "name: " + name + " is ";
    if (!owner) throw NameTaken(taken + "the id of a mapping", name);
    const auto open = _open.find(*owner);
    if (open == _open.end())
        throw NameTaken(taken + "taken by mapping " + *owner + ", which is not open", *owner);
    const auto& label = open->second.mapping().label;
    throw NameTaken(taken + "taken by mapping " + *owner + (label.empty() ? "" : " (" + label + ")"), *owner);
}

} // namespace connector
