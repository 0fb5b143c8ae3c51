#include "ExposeProgram.h"

#include "Commands.h"

#include <Poco/URI.h>

#include <stdexcept>

namespace connector::test {

namespace {

constexpr const char* kErrors = "errors.log";

std::vector<std::string> wordsOf(const std::vector<std::string>& words) {
    std::vector<std::string> all{programPath("AGENT_BIN"), "expose"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

/// With standard error in a file of its own.
ChildProcess::Command commandOf(const Folder& folder, const std::vector<std::string>& words,
                                const std::map<std::string, std::string>& environment) {
    std::vector<std::string> all{"/bin/sh", "-c", R"(errors=$1; shift; exec "$@" 2>"$errors")", "sh",
                                 folder.path(kErrors)};
    const auto program = wordsOf(words);
    all.insert(all.end(), program.begin(), program.end());
    return {all, folder.path("output.log"), environment};
}

std::vector<std::string> joined(const std::vector<std::vector<std::string>>& parts) {
    std::vector<std::string> all;
    for (const auto& part : parts)
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

} // namespace

std::vector<std::string> serverOf(const ConnectorSetup& connector) {
    const bool hasTls = connector.mode() == Mode::Tls;
    std::vector<std::string> words{"--server", std::string(hasTls ? "https" : "http") +
                                                   "://127.0.0.1:" + std::to_string(connector.apiPort())};
    if (hasTls)
        words.insert(words.end(), {"--token-file", connector.folder().write("token", kOperatorToken + "\n"),
                                   "--ca", CertificateAuthority::shared().certificateFile()});
    return words;
}

Finished runExpose(const std::vector<std::string>& words) {
    const Folder folder;
    return run({wordsOf(words), folder.path("output.log")});
}

ExposeProgram::ExposeProgram(const ConnectorSetup& connector, const std::string& target,
                             const std::vector<std::string>& more)
    : ExposeProgram(joined({{target}, serverOf(connector), more}), {}) {}

ExposeProgram::ExposeProgram(const std::vector<std::string>& words,
                             const std::map<std::string, std::string>& environment)
    : _process(commandOf(_folder, words, environment)) {}

std::string ExposeProgram::output() const {
    return readFile(_folder.path("output.log"));
}

std::string ExposeProgram::log() const {
    return readFile(_folder.path(kErrors));
}

void ExposeProgram::waitForOutput(const std::string& text) {
    waitUntil("\"" + text + "\" in what is printed", [&] {
        const bool isRunning = _process.isRunning();
        if (output().find(text) != std::string::npos) return true;
        if (!isRunning) throw std::runtime_error("expose has ended: " + log());
        return false;
    });
}

std::string ExposeProgram::url() {
    waitForOutput("\n");
    const auto printed = output();
    return printed.substr(0, printed.find('\n'));
}

std::uint16_t ExposeProgram::port() {
    return Poco::URI(url()).getPort();
}

} // namespace connector::test
