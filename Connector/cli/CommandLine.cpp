#include "cli/CommandLine.h"

#include "app/Configuration.h"
#include "base/FileText.h"
#include "base/Json.h"
#include "cli/CommandError.h"
#include "cli/Commands.h"
#include "cli/Output.h"
#include "mapping/MappingStore.h"
#include "net/TlsContext.h"

#include <Poco/Exception.h>
#include <Poco/Util/Application.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <poll.h>
#include <unistd.h>

namespace connector {

namespace {

using Poco::Util::Application;
using Words = std::vector<std::string>;

const Words kHelpWords{"--help", "-h", "-?"};
const Words kVersionWords{"--version", "-v"};
/// The options of a server whose value may be the next word.
const Words kOptionsWithValue{"--config", "-c", "--pidfile", "--umask"};

bool isOneOf(const Words& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// The first word that is neither an option nor the value of one; the end when there is none.
Words::const_iterator findOperand(Words::const_iterator word, Words::const_iterator end) {
    for (; word != end; ++word) {
        if (isOneOf(kOptionsWithValue, *word) && std::next(word) != end)
            ++word;
        else if (!word->starts_with('-'))
            return word;
    }
    return end;
}

/// Of a pipe: who read it, as head(1), has had enough, which is nothing to complain about.
bool nobodyReads(int descriptor) {
    pollfd pipe{descriptor, POLLOUT, 0};
    return ::poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLERR) != 0;
}

int fail(const Words& words, int exitCode, const std::string& message) {
    std::cerr << kProgram << ": " << message << std::endl;
    if (isOneOf(words, "--json")) {
        auto failure = newJson();
        failure->set("status", "failed");
        failure->set("errormessage", message);
        printJson(*failure, std::cout);
    }
    return exitCode;
}

} // namespace

bool isCommand(const Words& words) {
    const auto asks = [](const auto& word) {
        return isOneOf(kHelpWords, word) || isOneOf(kVersionWords, word);
    };
    return findOperand(words.begin(), words.end()) != words.end() ||
           std::any_of(words.begin(), words.end(), asks);
}

int runCommand(const Words& words) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        runCommandOf(words, std::cout);
        std::cout.flush();
        if (!std::cout && nobodyReads(STDOUT_FILENO)) return Application::EXIT_IOERR;
        if (!std::cout) throw CommandError(Application::EXIT_IOERR, "standard output can't be written");
        return Application::EXIT_OK;
    } catch (const CommandError& error) {
        return fail(words, error.exitCode(), error.what());
    } catch (const FileReadError& error) {
        return fail(words, Application::EXIT_NOINPUT, error.what());
    } catch (const ConfigurationError& error) {
        return fail(words, Application::EXIT_CONFIG, error.what());
    } catch (const TlsError& error) {
        return fail(words, Application::EXIT_CONFIG, error.what());
    } catch (const StorageError& error) {
        return fail(words, Application::EXIT_IOERR, error.what());
    } catch (const Poco::Exception& error) {
        return fail(words, Application::EXIT_OSERR, error.displayText());
    } catch (const std::exception& error) {
        return fail(words, Application::EXIT_OSERR, error.what());
    }
}

} // namespace connector
