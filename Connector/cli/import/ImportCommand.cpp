#include "cli/import/ImportCommand.h"

#include "base/FileText.h"
#include "base/Json.h"
#include "base/JsonFields.h"
#include "base/Timestamp.h"
#include "cli/CommandError.h"
#include "cli/Files.h"
#include "cli/Output.h"
#include "cli/import/ImportPlan.h"
#include "mapping/MappingStore.h"

#include <Poco/JSON/Array.h>
#include <Poco/Util/Application.h>

#include <filesystem>

namespace connector {

namespace {

using Poco::Util::Application;

EarlierMappings readFile(const std::string& file) {
    try {
        return EarlierMappings::parse(textOf(file));
    } catch (const FieldError& error) {
        throw CommandError(Application::EXIT_DATAERR, file + ": " + error.what() + "\nNothing was imported.");
    }
}

void refuseConflicts(const ImportPlan& plan, const std::string& file) {
    if (plan.conflicts.empty()) return;
    std::string list;
    for (const auto& conflict : plan.conflicts)
        list += "\n  " + conflict;
    throw CommandError(Application::EXIT_DATAERR,
                       file + ": nothing was imported, as there are conflicts:" + list);
}

/// Those of a file that no server uses, or of a shared database, whose servers hear of what is added.
std::vector<Mapping> existingIn(const DatabaseLocation& database) {
    if (database.isShared()) {
        auto store = MappingStore::openSharedToRead(database);
        return store ? store->load().mappings : std::vector<Mapping>{};
    }
    if (MappingStore::isInUse(database.path))
        throw CommandError(Application::EXIT_TEMPFAIL,
                           database.path + ": the service is running on this database; stop it first "
                                           "(iofog-connector stop), import, and start it again");
    if (!std::filesystem::exists(database.path)) return {};
    return MappingStore::openToRead(database.path).load().mappings;
}

void insertInto(const DatabaseLocation& database, const std::vector<Mapping>& mappings) {
    if (database.isShared())
        return MappingStore::openShared(database, kDatabaseBusy, MappingStore::Tables::Make)
            .insertAll(mappings);
    const bool isNew = !std::filesystem::exists(database.path);
    MappingStore store(database.path);
    if (isNew) giveToOwnerOfFolder(database.path); // root may have made it, for the service's user
    store.insertAll(mappings);
}

ImportPlan import(const EarlierMappings& wanted, const std::string& file,
                  const Configuration& configuration) {
    auto plan = ImportPlan::make(wanted, existingIn(configuration.database), configuration);
    refuseConflicts(plan, file);
    for (auto& mapping : plan.added)
        mapping.created = timestampNow();
    insertInto(configuration.database, plan.added);
    return plan;
}

void printText(const ImportPlan& plan, const Configuration& configuration, std::ostream& out) {
    out << plan.added.size() << " mappings were imported into " << configuration.database.name() << ".\n";
    for (const auto& [id, why] : plan.skipped)
        out << "Skipped mapping " << id << ": " << why << ".\n";
    const auto outside = portsOutside(configuration.ports, plan.added);
    if (!outside.empty())
        out << "Not among \"ports\" in " << configuration.file << ": " << listOf(outside)
            << ". They are served all the same, and not used again once their mappings are removed.\n";
}

Poco::JSON::Object::Ptr jsonOf(const ImportPlan& plan, const Configuration& configuration) {
    Poco::JSON::Array::Ptr imported = new Poco::JSON::Array;
    for (const auto& mapping : plan.added)
        imported->add(mapping.id);
    Poco::JSON::Array::Ptr skipped = new Poco::JSON::Array;
    for (const auto& [id, why] : plan.skipped) {
        auto one = newJson();
        one->set("id", id);
        one->set("why", why);
        skipped->add(one);
    }
    Poco::JSON::Array::Ptr outside = new Poco::JSON::Array;
    for (const int port : portsOutside(configuration.ports, plan.added))
        outside->add(port);
    auto result = newJson();
    result->set("status", "ok");
    result->set("database", configuration.database.name());
    result->set("imported", imported);
    result->set("skipped", skipped);
    result->set("portsoutside", outside);
    return result;
}

} // namespace

void importMappings(const CommonOptions& common, const std::string& file, std::ostream& out) {
    const auto configuration = Configuration::read(common.configurationFile());
    const auto plan = import(readFile(file), file, configuration);
    if (common.asJson) return printJson(*jsonOf(plan, configuration), out);
    printText(plan, configuration, out);
}

} // namespace connector
