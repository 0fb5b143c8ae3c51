#pragma once

#include <string>

namespace connector {

/// Sends the log to a file, or to standard error when `file` is empty, from now until the object is
/// destroyed. A thread of its own writes, so that a slow disk stops no event loop; when 10,000 lines wait for
/// it, further ones are left out until it has caught up.
class Logging {
  public:
    /// level: a name that Poco::Logger::parseLevel knows. Throws Poco::FileException when the file can't be
    /// written.
    Logging(const std::string& level, const std::string& file);
    ~Logging();

    Logging(const Logging&) = delete;
    Logging& operator=(const Logging&) = delete;
};

} // namespace connector
