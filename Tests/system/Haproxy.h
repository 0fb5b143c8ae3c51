#pragma once

#include "ChildProcess.h"
#include "Folder.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace connector::test {

/// Debian's HAProxy in front of ports of 127.0.0.1: it listens on the same ports of kHost, and connects from
/// kProxy.
class Haproxy {
  public:
    static constexpr const char* kHost = "127.0.0.20";

    /// options: of each server, such as "send-proxy-v2 check".
    Haproxy(const std::vector<std::uint16_t>& ports, const std::string& options);

    /// Whether it is installed.
    static bool isThere();

  private:
    ChildProcess::Command command(const std::vector<std::uint16_t>& ports, const std::string& options) const;

    Folder _folder;
    ChildProcess _process;
};

} // namespace connector::test
