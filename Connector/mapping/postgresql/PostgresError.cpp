#include "mapping/postgresql/PostgresError.h"

#include "mapping/StorageError.h"
#include "mapping/postgresql/PostgresSchema.h"

#include <Poco/NumberParser.h>
#include <Poco/RegularExpression.h>
#include <Poco/String.h>
#include <Poco/StringTokenizer.h>

namespace connector {

namespace {

/// Of the port that is taken, in whatever language: "(port)=(6000)".
int portIn(const std::string& text) {
    const Poco::RegularExpression key("\\(port\\)=\\(([0-9]+)\\)");
    std::vector<std::string> parts;
    int port = 0;
    if (key.split(text, parts) == 2) Poco::NumberParser::tryParse(parts[1], port);
    return port;
}

} // namespace

PostgresError PostgresError::parse(const std::string& text) {
    const Poco::RegularExpression line(":  ([0-9A-Z]{5}): ([^\n]*)");
    std::vector<std::string> parts;
    if (line.split(text, parts) == 3) return {parts[1], parts[2], text};
    return {"", inOneLine(text), text};
}

std::exception_ptr PostgresError::asException(const std::string& name) const {
    const auto what = name + ": " + message;
    const auto is = [this](const char* beginning) { return state.starts_with(beginning); };
    if (is("23505") && text.find("mapping_port") != std::string::npos)
        return std::make_exception_ptr(StoragePortTaken(what, portIn(text)));
    if (is("23505") && text.find("mapping_name") != std::string::npos)
        return std::make_exception_ptr(StorageNameTaken(what));
    if (is("53100")) return std::make_exception_ptr(StorageFull(what));
    if (is("55P03"))
        return std::make_exception_ptr(
            StorageLocked(name + ": the database is locked by another program: " + message));
    if (is("42P01")) return std::make_exception_ptr(StorageUnreachable(name + kNoTables));
    // Broken, not to be logged in to, going down or coming up, full of connections, or only to be read.
    for (const auto* beginning : {"08", "28", "3D000", "57P", "53300", "25006", "25P03"})
        if (is(beginning)) return std::make_exception_ptr(StorageUnreachable(what));
    return std::make_exception_ptr(StorageError(what));
}

std::string inOneLine(const std::string& message) {
    const Poco::StringTokenizer lines(
        message, "\n", Poco::StringTokenizer::TOK_TRIM | Poco::StringTokenizer::TOK_IGNORE_EMPTY);
    return Poco::cat(std::string("; "), lines.begin(), lines.end());
}

} // namespace connector
