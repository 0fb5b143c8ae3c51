#include "PostgresServer.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdexcept>
#include <unistd.h>

namespace connector::test {

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr const char* kNobody = "nobody";

/// The folder with the programs of a version in this folder, or "".
std::string programsIn(const std::string& folder) {
    std::error_code error;
    for (const auto& version : std::filesystem::directory_iterator(folder, error))
        if (std::filesystem::exists(version.path() / "bin/initdb")) return (version.path() / "bin/").string();
    return "";
}

/// What is installed or, where nothing is, what ./do has unpacked for the tests.
std::string programs() {
    const auto installed = programsIn("/usr/lib/postgresql");
    const char* unpacked = std::getenv("POSTGRESQL");
    return installed.empty() && unpacked != nullptr ? programsIn(unpacked) : installed;
}

/// In front of a command.
std::vector<std::string> asNobody() {
    // Its end with the test's must be asked for again, as the change of the user ends that.
    return {"/usr/bin/setpriv", std::string("--reuid=") + kNobody,
            "--regid=nogroup",  "--clear-groups",
            "--pdeathsig=INT",  "--"};
}

void giveToNobody(const std::string& path) {
    const auto* nobody = ::getpwnam(kNobody);
    if (nobody == nullptr || ::chown(path.c_str(), nobody->pw_uid, nobody->pw_gid) != 0)
        throw std::runtime_error("can't give " + path + " to " + kNobody);
}

} // namespace

bool PostgresServer::isInstalled() {
    return !programs().empty();
}

PostgresServer::PostgresServer() {
    _folder.write("password", std::string(kPassword) + "\n");
    const auto data = _folder.path("data");
    std::filesystem::create_directory(data);
    if (::geteuid() == 0)
        for (const auto& path : {_folder.path(""), _folder.path("password"), data})
            giveToNobody(path);
    const auto made =
        run(command({programs() + "initdb", "--pgdata=" + data, std::string("--username=") + kUser,
                     "--auth=scram-sha-256", "--pwfile=" + passwordFile(), "--encoding=UTF8", "--locale=C",
                     "--no-sync", "--no-instructions"}));
    if (made.exitCode != 0) throw std::runtime_error("initdb failed:\n" + made.output);
    start();
}

PostgresServer::~PostgresServer() {
    if (_process && _process->isRunning()) stop();
}

ChildProcess::Command PostgresServer::command(std::vector<std::string> words) const {
    if (::geteuid() == 0) {
        const auto before = asNobody();
        words.insert(words.begin(), before.begin(), before.end());
    }
    return {.words = words, .outputFile = _folder.path("log"), .environment = {{"LC_ALL", "C"}}};
}

void PostgresServer::launch() {
    _process = std::make_unique<ChildProcess>(
        command({programs() + "postgres", "-D", _folder.path("data"), "-p", std::to_string(port()), "-c",
                 "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c",
                 "full_page_writes=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60"}));
}

void PostgresServer::start() {
    launch();
    const auto address = "host=127.0.0.1 port=" + std::to_string(port());
    waitUntil("PostgreSQL takes connections", [&] {
        if (!_process->isRunning()) relaunch();
        return PQping(address.c_str()) == PQPING_OK;
    });
}

/// Of one that was killed, processes may be there for a moment yet.
void PostgresServer::relaunch() {
    const auto lines = log();
    if (lines.find("is still in use", lines.rfind("FATAL:")) == std::string::npos)
        throw std::runtime_error("PostgreSQL has ended:\n" + lines);
    launch();
}

void PostgresServer::stop() {
    _process->stop(SIGINT);
}

/// Its processes end by themselves, and until then no other server takes their place.
void PostgresServer::kill() {
    _process->stop(SIGKILL);
    const auto address = "host=127.0.0.1 port=" + std::to_string(port());
    waitUntil("PostgreSQL is gone", [&] { return PQping(address.c_str()) == PQPING_NO_RESPONSE; });
}

void PostgresServer::restart() {
    stop();
    start();
}

std::string PostgresServer::newDatabase() {
    const auto name = "connector" + std::to_string(++_databases);
    // Its order of texts is not that of bytes.
    ask("postgres", "CREATE DATABASE " + name + " TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'");
    return name;
}

std::string PostgresServer::uri(const std::string& database, const std::string& parameters) const {
    return std::string("postgresql://") + kUser + "@127.0.0.1:" + std::to_string(port()) + "/" + database +
           (parameters.empty() ? "" : "?" + parameters);
}

std::string PostgresServer::log() const {
    return readFile(_folder.path("log"));
}

std::string PostgresServer::ask(const std::string& database, const std::string& statements) const {
    const auto address = uri(database);
    const std::array names{"dbname", "password", static_cast<const char*>(nullptr)};
    const std::array values{address.c_str(), kPassword, static_cast<const char*>(nullptr)};
    const Connection connection(PQconnectdbParams(names.data(), values.data(), 1), PQfinish);
    const Result result(PQexec(connection.get(), statements.c_str()), PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error(statements + ": " + PQerrorMessage(connection.get()));
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

void PostgresServer::awaitLockWaiter(const std::string& database) const {
    waitUntil("somebody waits for a lock", [&] {
        return ask(database, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                             " AND datname = current_database()") == "t";
    });
}

} // namespace connector::test
