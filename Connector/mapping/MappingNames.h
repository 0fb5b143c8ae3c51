#pragma once

#include "model/Mapping.h"

#include <string>
#include <unordered_map>

namespace connector {

/// Which mapping has which name. Not thread safe; OpenMappings' lock guards it.
class MappingNames {
  public:
    /// The id of the mapping that has the name, or is to get it; null when there is none.
    const std::string* ownerOf(const std::string& name) const;

    /// Whether it is on its way to a mapping, which has not got it yet.
    bool isLeased(const std::string& name) const;

    /// The mapping's name is on its way to it. Nobody else may have it.
    void lease(const Mapping& mapping);

    /// The mapping has its name, if any, from now on, whoever had it before.
    void keepFor(const Mapping& mapping);

    /// Gives back that of a mapping, or that it was to get, unless its successor keeps it or another mapping
    /// has it by now.
    void giveBack(const Mapping& mapping, const Mapping& keeper);

  private:
    struct Owner {
        std::string id;
        bool isLeased = false;
    };

    std::unordered_map<std::string, Owner> _owners;
};

} // namespace connector
