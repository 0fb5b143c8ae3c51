#pragma once

#include "ChildProcess.h"
#include "ConnectorSetup.h"
#include "Folder.h"

#include <cstdint>
#include <map>
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

    /// words: all that is behind `expose`.
    ExposeProgram(const std::vector<std::string>& words,
                  const std::map<std::string, std::string>& environment);

    ChildProcess& process() { return _process; }

    /// What it prints, and what it logs.
    std::string output() const;
    std::string log() const;
    /// Throws, with the log, when it ends without that.
    void waitForOutput(const std::string& text);

    /// The first line that it prints, when it has.
    std::string url();
    /// The port in it.
    std::uint16_t port();

  private:
    Folder _folder;
    ChildProcess _process;
};

} // namespace connector::test
