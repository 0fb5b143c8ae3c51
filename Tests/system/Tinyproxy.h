#pragma once

#include "ChildProcess.h"
#include "Folder.h"
#include "PortBlock.h"

#include <cstdint>
#include <string>
#include <vector>

namespace connector::test {

/// Debian's tinyproxy, an HTTP proxy.
class Tinyproxy {
  public:
    struct Options {
        /// The ports that it connects to.
        std::vector<std::uint16_t> ports{};
        /// "user password"; empty: it asks for none.
        std::string login{};
        /// Where it listens.
        std::string host = "127.0.0.1";
        /// Words of a command that executes the program.
        std::vector<std::string> launcher{};
    };

    explicit Tinyproxy(const Options& options);

    /// Whether it is installed.
    static bool isThere();

    /// login: "user:password@", or nothing.
    std::string url(const std::string& login = "") const;

    /// How often it was asked for this, such as "CONNECT 127.0.0.1:6000".
    std::size_t requests(const std::string& text) const;

  private:
    ChildProcess::Command command(const Options& options) const;

    const PortBlock _ports;
    const std::string _host;
    Folder _folder;
    ChildProcess _process;
};

} // namespace connector::test
