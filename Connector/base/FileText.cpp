#include "base/FileText.h"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

namespace connector {

std::string textOf(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream content;
    content << stream.rdbuf();
    if (!stream.is_open() || stream.bad())
        throw FileReadError(file + ": can't be read: " + std::generic_category().message(errno));
    return content.str();
}

} // namespace connector
