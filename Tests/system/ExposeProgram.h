#pragma once

#include "ChildProcess.h"
#include "ConnectorSetup.h"
#include "Folder.h"

#include <cstdint>
#include <string>
#include <vector>

namespace connector::test {

/// The words behind `iofog-connector-agent expose` that name the server of this setup, its CA and a token.
std::vector<std::string> serverOf(const ConnectorSetup& connector);

/// Runs `iofog-connector-agent expose` with these words, to its end.
Finished runExpose(const std::vector<std::string>& words);

/// A running `iofog-connector-agent expose`.
class ExposeProgram {
  public:
    /// more: further words.
    ExposeProgram(const ConnectorSetup& connector, const std::string& target,
                  const std::vector<std::string>& more = {});

    ChildProcess& process() { return _process; }

    /// What it prints, and what it logs.
    std::string output() const;
    std::string log() const;
    void waitForOutput(const std::string& text) const;

    /// The first line that it prints, when it has.
    std::string url() const;
    /// The port in it.
    std::uint16_t port() const;

  private:
    Folder _folder;
    ChildProcess _process;
};

} // namespace connector::test
