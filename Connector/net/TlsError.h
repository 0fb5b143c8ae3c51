#pragma once

#include <stdexcept>

namespace connector {

/// A certificate, key or CA file that can't be used; what() names the file and says what is wrong with it.
class TlsError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

} // namespace connector
