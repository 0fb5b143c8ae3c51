#pragma once

#include "cli/Arguments.h"

#include <Poco/Util/OptionSet.h>

#include <ostream>

namespace connector {

/// Something that the program does and then ends, instead of serving: `iofog-connector mapping list`, for
/// example. Made for one call.
class Command {
  public:
    virtual ~Command() = default;

    /// Adds the options that only this command has.
    virtual void defineOptions(Poco::Util::OptionSet&) const {}

    /// Does it, and tells the result: as JSON, one object, when the arguments ask for it, else for people.
    /// What fails is thrown: CommandError, ConfigurationError, StorageError, TlsError, or any other
    /// exception.
    virtual void run(const Arguments& arguments, std::ostream& out) = 0;
};

} // namespace connector
