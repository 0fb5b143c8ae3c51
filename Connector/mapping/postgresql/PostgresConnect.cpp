#include "mapping/postgresql/PostgresConnect.h"

#include "mapping/StorageError.h"
#include "mapping/postgresql/ConnectionString.h"
#include "mapping/postgresql/PostgresError.h"

#include <Poco/NumberParser.h>

#include <algorithm>
#include <array>
#include <libpq-fe.h>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <vector>

namespace connector {

namespace {

using Parameters = std::map<std::string, std::string>;
using Clock = std::chrono::steady_clock;

/// Between commas, empty ones, too.
std::vector<std::string> listIn(const Parameters& parameters, const std::string& name) {
    std::vector<std::string> list;
    const auto found = parameters.find(name);
    if (found == parameters.end()) return list;
    const auto& text = found->second;
    for (std::size_t from = 0; from <= text.size();) {
        const auto comma = std::min(text.find(',', from), text.size());
        list.push_back(text.substr(from, comma - from));
        from = comma + 1;
    }
    return list;
}

/// The one of a list that belongs to a host: one alone is everyone's.
std::string at(const std::vector<std::string>& list, std::size_t i) {
    if (list.size() == 1) return list.front();
    return i < list.size() ? list[i] : "";
}

/// Of a name; "" alone when it is none, or has none: libpq then says why.
std::vector<std::string> addressesOf(const std::string& host) {
    if (host.empty() || host.front() == '/' || host.front() == '@') return {""};
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {""};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
    std::vector<std::string> addresses;
    for (const auto* each = found; each != nullptr; each = each->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0)
            addresses.emplace_back(text.data());
    }
    return addresses.empty() ? std::vector<std::string>{""} : addresses;
}

/// One for each address, in their order: libpq's functions that don't wait would stay with the first.
std::vector<Parameters> targetsOf(const Parameters& parameters) {
    const auto hosts = listIn(parameters, "host");
    const auto given = listIn(parameters, "hostaddr");
    const auto ports = listIn(parameters, "port");
    const auto count = std::max({hosts.size(), given.size(), std::size_t{1}});
    std::vector<Parameters> targets;
    for (std::size_t i = 0; i < count; ++i) {
        const auto host = i < hosts.size() ? hosts[i] : "";
        const auto known = i < given.size() ? given[i] : "";
        for (const auto& address : known.empty() ? addressesOf(host) : std::vector{known}) {
            auto target = parameters;
            target["host"] = host;
            target["hostaddr"] = address;
            target["port"] = at(ports, i);
            std::erase_if(target, [](const auto& parameter) { return parameter.second.empty(); });
            targets.push_back(std::move(target));
        }
    }
    return targets;
}

/// For each of so many addresses.
std::chrono::milliseconds timeFor(const Parameters& parameters, std::size_t count) {
    const auto found = parameters.find("connect_timeout");
    unsigned seconds = 0;
    if (found == parameters.end() || !Poco::NumberParser::tryParseUnsigned(found->second, seconds) ||
        seconds == 0)
        return std::min(kConnect, kConnectAll / static_cast<int>(count));
    return std::chrono::seconds(seconds);
}

/// In words.
std::string whichOf(const Parameters& target) {
    std::string words = "the server";
    for (const auto* name : {"host", "hostaddr", "port"})
        if (const auto found = target.find(name); found != target.end())
            words += std::string(" ") + name + "=" + found->second;
    return words;
}

/// "": it is connected; else why it isn't. Throws StorageError when it is interrupted.
std::string failureOf(const Parameters& target, std::chrono::milliseconds time, const std::string& name,
                      int wake) {
    const auto end = Clock::now() + time;
    const std::unique_ptr<pg_conn, decltype(&PQfinish)> connection(
        PQconnectStart(connectionString(target).c_str()), PQfinish);
    auto wanted = PGRES_POLLING_WRITING;
    if (PQstatus(connection.get()) == CONNECTION_BAD) wanted = PGRES_POLLING_FAILED;
    while (wanted != PGRES_POLLING_OK) {
        if (wanted == PGRES_POLLING_FAILED) return inOneLine(PQerrorMessage(connection.get()));
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        const auto events = static_cast<short>(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT);
        std::array<pollfd, 2> waits{{{PQsocket(connection.get()), events, 0}, {wake, POLLIN, 0}}};
        ::poll(waits.data(), waits.size(), static_cast<int>(std::max(left.count(), Clock::rep{0})));
        if (waits[1].revents != 0) throw StorageError(name + ": the database is not open");
        if (left.count() <= 0)
            return whichOf(target) + " has not answered within " + std::to_string(time.count()) + " ms";
        if (waits[0].revents != 0) wanted = PQconnectPoll(connection.get());
    }
    return "";
}

} // namespace

std::map<std::string, std::string> reachableOf(const Parameters& parameters, const std::string& name,
                                               int wake) {
    auto targets = targetsOf(parameters);
    const auto time = timeFor(parameters, targets.size());
    std::string failures;
    for (auto& target : targets) {
        const auto failure = failureOf(target, time, name, wake);
        target.emplace("connect_timeout",
                       std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()));
        if (failure.empty()) return target;
        failures += (failures.empty() ? "" : "; ") + failure;
    }
    throw StorageUnreachable(name + ": " + failures);
}

} // namespace connector
