#include "mapping/postgresql/PostgresQuery.h"

#include "mapping/postgresql/PostgresError.h"

#include <Poco/NumberParser.h>

#include <libpq-fe.h>
#include <memory>

namespace connector {

namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

Result checked(PGresult* received, pg_conn* connection, const std::string& name) {
    Result result(received, PQclear);
    const auto status = PQresultStatus(received);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
    const auto error = PostgresError::parse(PQerrorMessage(connection));
    if (PQstatus(connection) != CONNECTION_OK) throw StorageUnreachable(name + ": " + error.message);
    std::rethrow_exception(error.asException(name));
}

} // namespace

std::string ask(pg_conn* connection, const std::string& name, const std::string& statements) {
    const auto result = checked(PQexec(connection, statements.c_str()), connection, name);
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

std::size_t writeRows(pg_conn* connection, const std::string& name, const std::string& statement,
                      const Database::Values& values) {
    std::vector<const char*> texts;
    for (const auto& value : values)
        texts.push_back(value.isNull() ? nullptr : value.value().c_str());
    const auto result = checked(PQexecParams(connection, statement.c_str(), static_cast<int>(texts.size()),
                                             nullptr, texts.data(), nullptr, nullptr, 0),
                                connection, name);
    unsigned count = 0;
    Poco::NumberParser::tryParseUnsigned(PQcmdTuples(result.get()), count);
    return count;
}

} // namespace connector
