#include "base/FileText.h"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

namespace connector {

std::string textOf(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream content;
    if (stream.is_open()) errno = 0;
    content << stream.rdbuf();
    // A folder can be opened, but not read. An empty file fails, too, without an errno.
    if (!stream.is_open() || (content.fail() && errno != 0))
        throw FileReadError(file + ": can't be read: " + std::generic_category().message(errno));
    return content.str();
}

} // namespace connector
