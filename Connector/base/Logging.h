#pragma once

#include "base/LogFile.h"

#include <Poco/AutoPtr.h>
#include <Poco/SplitterChannel.h>

#include <string>

namespace connector {

/// Sends the log where it belongs, from now until the object is destroyed: into a file if there is one, into
/// the journal if that is what standard error goes to, and else to standard error. A thread of its own
/// writes, so that a slow disk stops no event loop; when 10,000 lines wait for it, further ones are left out
/// until it has caught up.
class Logging {
  public:
    /// level: a name that Poco::Logger::parseLevel knows. file: may be empty. Throws Poco::FileException when
    /// the file can't be written.
    Logging(const std::string& level, const std::string& file);
    ~Logging();

    Logging(const Logging&) = delete;
    Logging& operator=(const Logging&) = delete;

    /// From now on. Throws as the constructor, and then all stays as it was.
    void change(const std::string& level, const std::string& file);

    /// For when the file has been moved away: the next line goes into a new one.
    void reopenFile();

  private:
    std::string _path;                             ///< "": there is no file
    Poco::AutoPtr<LogFile> _file;                  ///< null when there is none
    Poco::AutoPtr<Poco::Channel> _sink;            ///< all places that lines go to
    Poco::AutoPtr<Poco::SplitterChannel> _current; ///< has that one
};

} // namespace connector
