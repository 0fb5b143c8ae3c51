#include "mapping/postgresql/ConnectionString.h"

#include "mapping/StorageError.h"

#include <Poco/String.h>

#include <cerrno>
#include <fstream>
#include <libpq-fe.h>
#include <map>
#include <memory>
#include <system_error>

namespace connector {

namespace {

using Parameters = std::map<std::string, std::string>;

/// Each may be another one in the URI; libpq's manual says what they are. A server that is gone is noticed
/// within 10 s or so.
const Parameters kDefaults{{"keepalives_idle", "5"},
                           {"keepalives_interval", "2"},
                           {"keepalives_count", "3"},
                           {"tcp_user_timeout", "10000"},
                           {"fallback_application_name", "iofog-connector"}};

/// Those of the URI.
Parameters parametersOf(const DatabaseLocation& location) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(location.uri.c_str(), &message), PQconninfoFree);
    const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, PQfreemem);
    if (!options)
        throw StorageError(location.name() + ": not a URI of a database: " +
                           Poco::trim(std::string(message ? message : "out of memory")));
    Parameters parameters;
    for (const auto* option = options.get(); option->keyword; ++option)
        if (option->val && *option->val) parameters[option->keyword] = option->val;
    return parameters;
}

std::string passwordIn(const DatabaseLocation& location) {
    std::ifstream in(location.passwordFile);
    std::string line;
    if (!in)
        throw StorageUnreachable(location.name() + ": database.password-file " + location.passwordFile +
                                 " can't be read: " + std::generic_category().message(errno));
    std::getline(in, line);
    return Poco::trimRight(line);
}

/// As libpq takes a value without quotes around it.
std::string escaped(const std::string& value) {
    std::string result;
    for (const char each : value) {
        if (each == '\'' || each == '\\') result += '\\';
        result += each;
    }
    return result;
}

} // namespace

std::map<std::string, std::string> connectionParameters(const DatabaseLocation& location) {
    auto parameters = parametersOf(location);
    if (!location.passwordFile.empty()) parameters["password"] = passwordIn(location);
    parameters["client_encoding"] = "UTF8";
    parameters.insert(kDefaults.begin(), kDefaults.end());
    for (const auto& [name, value] : parameters)
        if (value.find_first_of(" \t\r\n\v\f") != std::string::npos)
            throw StorageError(location.name() + ": " + name +
                               " must have no blank in it, as what speaks to PostgreSQL can't take one");
    return parameters;
}

std::string connectionString(const std::map<std::string, std::string>& parameters) {
    std::string result;
    for (const auto& [name, value] : parameters)
        if (!value.empty()) result += name + "=" + escaped(value) + " ";
    return Poco::trimRight(result);
}

} // namespace connector
