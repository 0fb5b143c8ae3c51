#include "mapping/postgresql/PostgresQuery.h"

#include "mapping/postgresql/PostgresError.h"

#include <Poco/NumberParser.h>

#include <libpq-fe.h>
#include <memory>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

namespace connector {

namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// Ends the connection, so that its state is that, too.
void cutOff(pg_conn* connection) {
    ::shutdown(PQsocket(connection), SHUT_RDWR);
    while (PQstatus(connection) == CONNECTION_OK && PQconsumeInput(connection) != 0) {
    }
}

[[noreturn]] void giveUp(const PostgresLink& link) {
    cutOff(link.connection);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(link.patience).count();
    throw StorageUnreachable(link.name + ": the server has not answered for " + std::to_string(seconds) +
                             " s");
}

/// Returns when PQgetResult() need not wait, or has an error to tell.
void awaitAnswer(const PostgresLink& link) {
    using Clock = std::chrono::steady_clock;
    auto end = Clock::now() + link.patience;
    for (;;) {
        const int unsent = PQflush(link.connection);
        if (unsent < 0 || (unsent == 0 && PQisBusy(link.connection) == 0)) return;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        if (left.count() <= 0) giveUp(link);
        const auto events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
        pollfd socket{PQsocket(link.connection), events, 0};
        if (::poll(&socket, 1, static_cast<int>(left.count())) <= 0) continue;
        if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(link.connection) == 0) return;
        end = Clock::now() + link.patience;
    }
}

/// That of the last one of the statements that have been sent, or of the one that has failed.
Result resultOf(const PostgresLink& link, int isSent) {
    Result result(nullptr, PQclear);
    while (isSent != 0) {
        awaitAnswer(link);
        Result next(PQgetResult(link.connection), PQclear);
        if (!next) break;
        result = std::move(next);
    }
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
    const auto error = PostgresError::parse(PQerrorMessage(link.connection));
    if (PQstatus(link.connection) != CONNECTION_OK)
        throw StorageUnreachable(link.name + ": " + error.message);
    std::rethrow_exception(error.asException(link.name));
}

} // namespace

std::string ask(const PostgresLink& link, const std::string& statements) {
    const auto result = resultOf(link, PQsendQuery(link.connection, statements.c_str()));
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

void rollBack(const PostgresLink& link) noexcept {
    if (PQstatus(link.connection) != CONNECTION_OK) return;
    try {
        ask(link, "ROLLBACK");
    } catch (const StorageError&) { // then it has ended by the connection's end
    }
}

std::size_t writeRows(const PostgresLink& link, const std::string& statement,
                      const Database::Values& values) {
    std::vector<const char*> texts;
    for (const auto& value : values)
        texts.push_back(value.isNull() ? nullptr : value.value().c_str());
    const auto result =
        resultOf(link, PQsendQueryParams(link.connection, statement.c_str(), static_cast<int>(texts.size()),
                                         nullptr, texts.data(), nullptr, nullptr, 0));
    unsigned count = 0;
    Poco::NumberParser::tryParseUnsigned(PQcmdTuples(result.get()), count);
    return count;
}

} // namespace connector
