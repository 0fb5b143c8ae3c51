#pragma once

#include <string>
#include <vector>

namespace connector {

/// When root works on files in a folder that belongs to somebody else, what it makes there would not be
/// accessible to the owner. So for root and such a folder this becomes the owner, keeps only root's right to
/// use ports below 1024, and runs this program anew with these arguments; then it does not return. For a
/// folder that is not there yet, the nearest one above it counts, which must not be root's. Else it does
/// nothing. Throws CommandError.
void continueAsOwnerOfFolder(const std::string& file, const std::vector<std::string>& arguments);

} // namespace connector
