#include "base/HostName.h"

#include <Poco/String.h>

namespace connector {

std::string plainHostName(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return Poco::toLower(std::string(name));
}

} // namespace connector
