#include "cli/CommandLine.h"

#include "app/Configuration.h"
#include "cli/CommandError.h"
#include "cli/Commands.h"
#include "cli/HelpCommand.h"
#include "cli/Json.h"
#include "mapping/MappingStore.h"
#include "net/TlsContext.h"

#include <Poco/Exception.h>
#include <Poco/Util/Application.h>
#include <Poco/Util/OptionException.h>

#include <algorithm>
#include <csignal>
#include <iostream>

namespace connector {

namespace {

using Poco::Util::Application;
using Words = std::vector<std::string>;

constexpr const char* kProgram = "iofog-connector";

const Words kHelpWords{"--help", "-h", "-?"};
const Words kVersionWords{"--version", "-v"};

bool isOneOf(const Words& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// The first word that is neither an option nor the value of one; the end when there is none.
Words::const_iterator findOperand(Words::const_iterator word, Words::const_iterator end) {
    for (; word != end; ++word) {
        const bool takesNext = *word == "--config" || *word == "-c";
        if (takesNext && std::next(word) != end)
            ++word;
        else if (!word->starts_with('-'))
            return word;
    }
    return end;
}

/// A command, and the words that are not its name.
struct Call {
    const CommandEntry* entry = nullptr;
    Words rest;
};

const CommandEntry* findEntry(const std::string& name) {
    const auto& commands = allCommands();
    const auto found = std::find_if(commands.begin(), commands.end(),
                                    [&](const auto& command) { return command.name == name; });
    return found == commands.end() ? nullptr : &*found;
}

/// The commands that a name may have been meant for; all of them when it is like none.
std::string choiceFor(const std::string& name) {
    std::string similar;
    std::string all;
    for (const auto& command : allCommands()) {
        const auto shown = (all.empty() ? "" : ", ") + command.name;
        all += shown;
        if (command.name.starts_with(name + " ")) similar += (similar.empty() ? "" : ", ") + command.name;
    }
    return similar.empty() ? all : similar;
}

Call callOf(const Words& words) {
    const auto first = findOperand(words.begin(), words.end());
    Call call;
    if (first == words.end()) {
        for (const auto& word : words)
            if (!isOneOf(kHelpWords, word) && !isOneOf(kVersionWords, word)) call.rest.push_back(word);
        const bool wantsHelp = std::any_of(words.begin(), words.end(),
                                           [](const auto& word) { return isOneOf(kHelpWords, word); });
        call.entry = findEntry(wantsHelp ? "help" : "version");
        return call;
    }
    call.entry = findEntry(*first);
    const auto second = call.entry ? words.end() : findOperand(std::next(first), words.end());
    if (second != words.end()) call.entry = findEntry(*first + " " + *second);
    if (!call.entry)
        throw CommandError(Application::EXIT_USAGE, "there is no command \"" + *first +
                                                        (second == words.end() ? "" : " " + *second) +
                                                        "\"; there are: " + choiceFor(*first));
    for (auto word = words.begin(); word != words.end(); ++word)
        if (word != first && word != second) call.rest.push_back(*word);
    return call;
}

void checkOperands(const CommandEntry& entry, const Arguments& arguments) {
    const auto count = arguments.operands().size();
    if (count >= entry.minOperands && count <= entry.maxOperands) return;
    throw CommandError(Application::EXIT_USAGE,
                       (count < entry.minOperands ? "something is missing behind the command"
                                                  : "\"" + arguments.operands().back() + "\" is too much") +
                           std::string("; it is: ") + kProgram + " " + usageOf(entry));
}

void run(const Words& words) {
    const auto [entry, rest] = callOf(words);
    Arguments arguments;
    try {
        arguments = Arguments::parse(entry->options(), rest);
    } catch (const Poco::Util::OptionException& error) {
        throw CommandError(Application::EXIT_USAGE,
                           error.displayText() + "; see " + kProgram + " " + entry->name + " --help");
    }
    if (arguments.asksForHelp()) return printHelp(*entry, std::cout);
    checkOperands(*entry, arguments);
    entry->make()->run(arguments, std::cout);
    std::cout.flush();
    if (!std::cout) throw CommandError(Application::EXIT_IOERR, "standard output can't be written");
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
        run(words);
        return Application::EXIT_OK;
    } catch (const CommandError& error) {
        return fail(words, error.exitCode(), error.what());
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
