#pragma once

#include <string>
#include <vector>

namespace connector {

/// Whether the words behind the program's name ask for a command; else they ask for a server.
bool isCommand(const std::vector<std::string>& words);

/// Finds the command that the words name, runs it and returns the program's exit code. Results go to standard
/// output; when the command fails, standard error says why, and with --json standard output has
/// {"status":"failed","errormessage":...}.
int runCommand(const std::vector<std::string>& words);

} // namespace connector
