#pragma once

#include <Poco/JSON/Object.h>

#include <string>
#include <vector>

namespace connector {

/// Something that a running Connector lacks. A value.
struct Degradation {
    /// "mapping ID", "ports" or "descriptors".
    std::string what;
    std::string why;
};

/// What is left of a resource.
struct Resource {
    std::int64_t free = 0;
    std::int64_t all = 0;
};

/// A mapping whose ports are not both open, or that has no agents where it needs some.
/// mapping: as the API shows it.
std::vector<Degradation> degradationsOf(const Poco::JSON::Object& mapping);

/// A resource of which less than a tenth is left. what: its name.
std::vector<Degradation> degradationsOf(const std::string& what, const Resource& resource);

} // namespace connector
