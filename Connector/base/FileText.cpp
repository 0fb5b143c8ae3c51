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
    content << stream.rdbuf();                               // fails without an errno when the file is empty
    if (!stream.is_open() || (content.fail() && errno != 0)) // a folder can be opened, but not read
        throw FileReadError(file + ": can't be read: " + std::generic_category().message(errno));
    return content.str();
}

} // namespace connector
