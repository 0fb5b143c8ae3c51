#include "ExposeProgram.h"

#include "Commands.h"

#include <Poco/URI.h>

namespace connector::test {

namespace {

constexpr const char* kErrors = "errors.log";

std::vector<std::string> wordsOf(const std::vector<std::string>& words) {
    std::vector<std::string> all{programPath("AGENT_BIN"), "expose"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

/// With standard error in a file of its own.
ChildProcess::Command commandOf(const Folder& folder, const std::string& target,
                                const std::vector<std::string>& server,
                                const std::vector<std::string>& more) {
    std::vector<std::string> words{"/bin/sh", "-c", R"(errors=$1; shift; exec "$@" 2>"$errors")", "sh",
                                   folder.path(kErrors)};
    for (const auto& part : {wordsOf({target}), server, more})
        words.insert(words.end(), part.begin(), part.end());
    return {words, folder.path("output.log")};
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
    : _process(commandOf(_folder, target, serverOf(connector), more)) {}

std::string ExposeProgram::output() const {
    return readFile(_folder.path("output.log"));
}

std::string ExposeProgram::log() const {
    return readFile(_folder.path(kErrors));
}

void ExposeProgram::waitForOutput(const std::string& text) const {
    waitUntil("\"" + text + "\" in what is printed",
              [&] { return output().find(text) != std::string::npos; });
}

std::string ExposeProgram::url() const {
    waitForOutput("\n");
    const auto printed = output();
    return printed.substr(0, printed.find('\n'));
}

std::uint16_t ExposeProgram::port() const {
    return Poco::URI(url()).getPort();
}

} // namespace connector::test
