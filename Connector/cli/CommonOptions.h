#pragma once

#include "app/Configuration.h"

#include <string>

namespace connector {

/// The options that every command has. A value.
struct CommonOptions {
    /// The configuration of the Connector that is meant, whether or not it is there.
    std::string wantedConfiguration = kDefaultConfiguration;
    /// Results are printed as JSON, one object, instead of for people.
    bool asJson = false;

    /// The configuration that is to be read.
    std::string configurationFile() const { return findConfiguration(wantedConfiguration); }
};

} // namespace connector
