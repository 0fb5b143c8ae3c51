#include "mapping/MappingNames.h"

namespace connector {

const std::string* MappingNames::ownerOf(const std::string& name) const {
    const auto found = _owners.find(name);
    return found == _owners.end() ? nullptr : &found->second.id;
}

bool MappingNames::isLeased(const std::string& name) const {
    const auto found = _owners.find(name);
    return found != _owners.end() && found->second.isLeased;
}

void MappingNames::lease(const Mapping& mapping) {
    _owners[mapping.name] = {mapping.id, true};
}

void MappingNames::keepFor(const Mapping& mapping) {
    if (!mapping.name.empty()) _owners[mapping.name] = {mapping.id, false};
}

void MappingNames::giveBack(const Mapping& mapping, const Mapping& keeper) {
    if (mapping.name == keeper.name) return;
    const auto found = _owners.find(mapping.name);
    if (found != _owners.end() && found->second.id == mapping.id) _owners.erase(found);
}

} // namespace connector
