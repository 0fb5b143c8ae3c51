#pragma once

#include <stdexcept>
#include <string>

namespace connector {

/// A file that can't be read; what() names it and says why.
class FileReadError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// All that is in a file, byte for byte. Any thread. Throws FileReadError.
std::string textOf(const std::string& file);

} // namespace connector
