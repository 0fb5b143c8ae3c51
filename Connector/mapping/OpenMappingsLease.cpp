#include "mapping/OpenMappings.h"

namespace connector {

OpenMappings::Lease::Lease(OpenMappings& mappings, const Mapping& former, Mapping& wanted)
    : _mappings(mappings), _former(former) {
    const std::lock_guard lock(_mappings._mutex);
    const bool isNamedAnew = wanted.name != _former.name;
    if (isNamedAnew) _mappings.refuseTakenName(wanted.name);
    _listeners = _mappings._ports.open(_former, wanted);
    _wanted = wanted;
    if (isNamedAnew) _mappings._names.lease(_wanted);
    _mappings._claimed.insert(_wanted.id);
}

OpenMappings::Lease::~Lease() {
    const std::lock_guard lock(_mappings._mutex);
    if (!_areKept) _mappings.giveBack(_wanted, _former);
    _mappings._claimed.extract(_wanted.id);
    _mappings._unclaimed.notify_all();
}

/// With the lock. Nobody has "".
void OpenMappings::refuseTakenName(const std::string& name) const {
    const auto* const owner = _names.ownerOf(name);
    if (!owner && !_open.contains(name) && !_damaged.contains(name)) return;
    const auto taken = "name: " + name + " is ";
    if (!owner) throw NameTaken(taken + "the id of another mapping", name);
    const auto open = _open.find(*owner);
    if (open == _open.end())
        throw NameTaken(taken + "taken by mapping " + *owner +
                            ", which is just being opened or closed, or is "
                            "damaged",
                        *owner);
    const auto& label = open->second.mapping().label;
    throw NameTaken(taken + "taken by mapping " + *owner + (label.empty() ? "" : " (" + label + ")"), *owner);
}

} // namespace connector
