#pragma once

#include "cli/Arguments.h"

#include <Poco/JSON/Object.h>

namespace connector {

/// Adds the options for how visitors of a public mapping connect. mayTakeBack: also those that undo them, for
/// a mapping that is there.
void addVisitorOptions(Poco::Util::OptionSet& options, bool mayTakeBack);

/// Sets the members that the given ones of these options stand for; how many that were. Throws CommandError
/// when two contradict each other.
int setVisitorMembers(const Arguments& arguments, Poco::JSON::Object& mapping);

} // namespace connector
