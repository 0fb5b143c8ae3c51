#include "cli/MappingRemoveCommand.h"

#include "cli/CommandError.h"
#include "cli/ConnectorApi.h"
#include "cli/Json.h"
#include "cli/Terminal.h"
#include "cli/UnusedMappings.h"

#include <Poco/JSON/Array.h>
#include <Poco/Util/Application.h>
#include <Poco/Util/Option.h>

namespace connector {

namespace {

using Poco::Util::Application;

constexpr const char* kYes = "yes";

/// What became of the unused mappings. A value.
struct Removal {
    std::vector<std::string> removed;
    /// Those that were used or removed by others after they had been listed.
    std::vector<std::string> kept;
};

void checkWords(const Arguments& arguments) {
    const bool byId = !arguments.operands().empty();
    if (byId == arguments.has(kUnused))
        throw CommandError(Application::EXIT_USAGE,
                           "what is to be removed must be given, as an ID or as --unused=TIME, not both");
    if (byId && arguments.has(kYes))
        throw CommandError(Application::EXIT_USAGE,
                           "--yes is for --unused; an ID is removed without a question");
    if (byId || arguments.has(kYes)) return;
    if (arguments.asJson() || !isInteractive())
        throw CommandError(
            Application::EXIT_USAGE,
            "--unused asks before it removes anything, which takes a terminal and no --json; with "
            "--yes it doesn't ask");
}

void removeOne(ConnectorApi& api, const Arguments& arguments, std::ostream& out) {
    const auto& id = arguments.operands().front();
    const auto removed = api.removeMapping(id);
    if (arguments.asJson()) return printJson(*removed, out);
    out << "Mapping " << id << " is removed.\n";
}

bool isWanted(std::size_t count) {
    const auto what = count == 1 ? "this mapping" : "these " + std::to_string(count) + " mappings";
    const auto answer = ask("Remove " + what + ", with all passcodes and for good?", "no");
    return answer == "yes" || answer == "y";
}

/// Looks once more: the operator may have thought about it for long. False when it is to be kept.
bool removeIfUnused(ConnectorApi& api, const std::string& id, std::chrono::seconds time) {
    try {
        if (unusedFor(*api.mapping(id)) < time) return false;
        api.removeMapping(id);
        return true;
    } catch (const CommandError& error) {
        if (error.exitCode() == Application::EXIT_DATAERR) return false; // somebody else has removed it
        throw;
    }
}

Removal removeAll(ConnectorApi& api, const std::vector<Poco::JSON::Object::Ptr>& mappings,
                  std::chrono::seconds time) {
    Removal result;
    for (const auto& mapping : mappings) {
        const auto id = mapping->getValue<std::string>("id");
        try {
            (removeIfUnused(api, id, time) ? result.removed : result.kept).push_back(id);
        } catch (const CommandError& error) {
            throw CommandError(error.exitCode(), "mapping " + id + " is not removed, after " +
                                                     std::to_string(result.removed.size()) + " of " +
                                                     std::to_string(mappings.size()) +
                                                     " were: " + error.what());
        }
    }
    return result;
}

Poco::JSON::Array::Ptr jsonOf(const std::vector<std::string>& ids) {
    Poco::JSON::Array::Ptr array = new Poco::JSON::Array;
    for (const auto& id : ids)
        array->add(id);
    return array;
}

void printRemoval(const Removal& removal, bool asJson, std::ostream& out) {
    if (asJson) {
        auto result = newJson();
        result->set("status", "ok");
        result->set("removed", jsonOf(removal.removed));
        result->set("kept", jsonOf(removal.kept));
        return printJson(*result, out);
    }
    const auto count = removal.removed.size();
    out << count << (count == 1 ? " mapping is removed.\n" : " mappings are removed.\n");
    for (const auto& id : removal.kept)
        out << "Mapping " << id << " was used, or removed by somebody else, in the meantime.\n";
}

void removeUnused(ConnectorApi& api, const Arguments& arguments, std::ostream& out) {
    const auto time = arguments.time(kUnused).value();
    const auto mappings = unusedOf(api.mappings(), time);
    if (!arguments.asJson()) {
        if (mappings.empty()) {
            out << "No mapping has been unused for so long.\n";
            return;
        }
        printUnused(mappings, out);
    }
    if (!arguments.has(kYes) && !isWanted(mappings.size())) {
        out << "Nothing was removed.\n";
        return;
    }
    printRemoval(removeAll(api, mappings, time), arguments.asJson(), out);
}

} // namespace

void MappingRemoveCommand::defineOptions(Poco::Util::OptionSet& options) const {
    addUnusedOption(options, "instead of ID: remove those mappings");
    options.addOption(Poco::Util::Option(kYes, "", "with --unused: don't ask"));
}

void MappingRemoveCommand::run(const Arguments& arguments, std::ostream& out) {
    checkWords(arguments);
    ConnectorApi api(arguments.configurationFile());
    if (arguments.has(kUnused))
        removeUnused(api, arguments, out);
    else
        removeOne(api, arguments, out);
}

} // namespace connector
