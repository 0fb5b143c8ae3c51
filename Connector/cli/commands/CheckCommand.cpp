#include "cli/commands/CheckCommand.h"

#include "base/Json.h"
#include "cli/Output.h"
#include "cli/commands/ConfigurationWarnings.h"
#include "mapping/MappingStore.h"

#include <Poco/String.h>

#include <filesystem>
#include <optional>

namespace connector {

namespace {

struct DatabaseState {
    bool isInUse = false;
    std::vector<Mapping> mappings;
    std::vector<Mapping> damaged; ///< their ids and ports
};

/// Nothing when there is no database yet.
std::optional<MappingStore> storeAt(const DatabaseLocation& location) {
    if (location.isShared()) return MappingStore::openSharedToRead(location);
    std::error_code error;
    if (!std::filesystem::exists(location.path, error) && !error) return std::nullopt;
    return MappingStore::openToRead(location.path);
}

/// Nothing when there is no database yet. In use: on this machine.
std::optional<DatabaseState> lookAt(const DatabaseLocation& location) {
    auto store = storeAt(location);
    if (!store) return std::nullopt;
    DatabaseState state;
    auto rows = store->load();
    state.mappings = std::move(rows.mappings);
    state.damaged = std::move(rows.damaged);
    state.isInUse = MappingStore::isInUse(location.localFile());
    return state;
}

std::string inWords(const std::optional<DatabaseState>& database) {
    if (!database) return "not there yet; the first start makes it";
    return std::to_string(database->mappings.size()) + " mappings" +
           (database->isInUse ? "; a Connector is running on it" : "");
}

std::string inWords(const FrontSettings& front) {
    return "port " + std::to_string(front.port) + ", " +
           (front.domain.empty() ? "no names" : "names in " + front.domain) +
           (front.httpPort == 0 ? "" : ", plain HTTP on port " + std::to_string(front.httpPort));
}

using Certificates = std::vector<ServerCertificate::Pointer>;

std::vector<std::string> namesOf(const Certificates& certificates) {
    std::vector<std::string> names;
    for (const auto& certificate : certificates)
        names.insert(names.end(), certificate->names().begin(), certificate->names().end());
    return names;
}

std::string inWords(const std::vector<std::string>& names) {
    return names.empty() ? "for no name" : "for " + Poco::cat(std::string(", "), names.begin(), names.end());
}

/// certificates: none with dev.
Poco::JSON::Object::Ptr jsonOf(const Configuration& configuration, const Certificates& certificates,
                               const std::optional<DatabaseState>& database,
                               const std::vector<std::string>& warnings) {
    auto result = newJson();
    result->set("status", "ok");
    result->set("config", configuration.file);
    result->set("dev", configuration.dev);
    result->set("ports", static_cast<Poco::UInt64>(configuration.ports.size()));
    result->set("database", configuration.database.name());
    result->set("databaseexists", database.has_value());
    result->set("running", database && database->isInUse);
    result->set("mappings", static_cast<Poco::UInt64>(database ? database->mappings.size() : 0));
    if (!configuration.dev) result->set("certificatenames", jsonArrayOf(namesOf(certificates)));
    result->set("warnings", jsonArrayOf(warnings));
    return result;
}

void printText(const Configuration& configuration, const Certificates& certificates,
               const std::optional<DatabaseState>& database, const std::vector<std::string>& warnings,
               std::ostream& out) {
    const auto& api = configuration.api;
    const auto bind = api.bind.empty() ? "all addresses" : api.bind;
    std::vector<std::pair<std::string, std::string>> lines{
        {"config", configuration.file + ": ok"},
        {"mode", configuration.dev ? "development (no TLS)" : "production (TLS)"},
        {"API", bind + ", port " + std::to_string(api.port) + ", " + std::to_string(api.identities.size()) +
                    " identities"},
        {"ports", std::to_string(configuration.ports.size()) + " for mappings"},
        {"database", configuration.database.name() + ": " + inWords(database)}};
    if (configuration.front.port != 0) lines.emplace_back("front", inWords(configuration.front));
    for (const auto& certificate : certificates)
        lines.emplace_back("certificate", certificate->file() + ": " + inWords(certificate->names()));
    printLines(lines, out);
    for (const auto& warning : warnings)
        out << "warning: " << warning << '\n';
}

} // namespace

void checkConfiguration(const CommonOptions& common, std::ostream& out) {
    const auto configuration = Configuration::load(common.configurationFile());
    const auto database = lookAt(configuration.database);
    const auto credentials = configuration.credentials();
    const auto certificates = credentials ? credentials->current()->all() : Certificates();
    auto warnings =
        warningsOf(configuration, credentials.get(), database ? database->mappings : std::vector<Mapping>{});
    for (const auto& mapping : database ? database->damaged : std::vector<Mapping>{})
        warnings.push_back(
            "mapping " + mapping.id +
            " is damaged in the database, and will not be served; restore a backup, or remove it "
            "with \"mapping remove\" and add a new one");
    if (common.asJson) return printJson(*jsonOf(configuration, certificates, database, warnings), out);
    printText(configuration, certificates, database, warnings, out);
}

} // namespace connector
