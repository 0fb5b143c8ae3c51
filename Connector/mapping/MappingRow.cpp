#include "mapping/MappingRow.h"

#include <Poco/Crypto/DigestEngine.h>
#include <Poco/Data/RecordSet.h>
#include <Poco/Data/Session.h>
#include <Poco/Data/Statement.h>
#include <Poco/Nullable.h>
#include <Poco/String.h>
#include <Poco/StringTokenizer.h>
#include <Poco/Tuple.h>

#include <optional>
#include <sqlite3.h>
#include <type_traits>

namespace connector {

namespace {

using namespace Poco::Data::Keywords;

/// A function that SQL statements of our sessions know.
constexpr const char* kChecksum = "row_checksum";

/// SHA-256 of all values, each with its type and its length, so that no two rows have the same bytes.
void onChecksum(sqlite3_context* context, int count, sqlite3_value** values) {
    Poco::Crypto::DigestEngine digest("SHA256");
    for (int i = 0; i < count; ++i) {
        const int type = sqlite3_value_type(values[i]);
        const auto* const bytes = sqlite3_value_blob(values[i]); // numbers as text
        const int size = sqlite3_value_bytes(values[i]);
        digest.update(std::to_string(type) + ":" + std::to_string(size) + ":");
        if (size > 0) digest.update(bytes, static_cast<unsigned>(size));
    }
    const auto text = Poco::DigestEngine::digestToHex(digest.digest());
    sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

std::string joined(const std::vector<std::string>& names) {
    return Poco::cat(std::string(" "), names.begin(), names.end());
}

std::vector<std::string> split(const std::string& names) {
    const Poco::StringTokenizer parts(names, " ", Poco::StringTokenizer::TOK_IGNORE_EMPTY);
    return {parts.begin(), parts.end()};
}

/// What a column of NULL stands for, if it has a value.
template <class Value>
Poco::Nullable<Poco::Int64> nullable(const std::optional<Value>& value) {
    if (!value) return {};
    if constexpr (std::is_same_v<Value, std::chrono::milliseconds>)
        return Poco::Int64{value->count()};
    else
        return Poco::Int64{*value};
}

Poco::Nullable<std::string> nullable(const std::optional<std::vector<Network>>& networks) {
    if (!networks) return {};
    std::vector<std::string> texts;
    for (const auto& network : *networks)
        texts.push_back(network.toString());
    return joined(texts);
}

/// Those of them that a row's checksum is of: not its times, which no connection depends on, and of which two
/// change all the time.
std::string sealedColumns() {
    const std::string all = kMappingColumns;
    return all.substr(0, all.find(", created"));
}

/// One row, read from left to right.
class Row {
  public:
    explicit Row(Poco::Data::RecordSet& rows) : _rows(rows) {}

    Mapping read() {
        Mapping mapping;
        mapping.id = next<std::string>();
        mapping.type =
            next<std::string>() == Mapping::kPublic ? Mapping::Type::Public : Mapping::Type::Private;
        mapping.label = next<std::string>();
        mapping.endpoint1 = nextEndpoint();
        mapping.endpoint2 = nextEndpoint();
        mapping.visitors.alpn = split(next<std::string>());
        mapping.visitors.tls = next<int>() != 0;
        mapping.traffic.visitorsPerAddress = nextIfAny<int>();
        mapping.traffic.visitorRate = nextIfAny<int>();
        mapping.traffic.allow = nextNetworks();
        mapping.traffic.deny = nextNetworks();
        if (const auto idle = nextIfAny<Poco::Int64>())
            mapping.traffic.relayIdle = std::chrono::milliseconds(*idle);
        mapping.traffic.bandwidth = nextIfAny<Poco::Int64>();
        if (const auto logs = nextIfAny<int>()) mapping.logRelays = *logs != 0;
        mapping.created = next<Poco::Int64>();
        mapping.lastUse.agent = next<Poco::Int64>();
        mapping.lastUse.visitor = next<Poco::Int64>();
        return mapping;
    }

  private:
    template <class Value>
    Value next() {
        return _rows.value(_column++).convert<Value>();
    }

    template <class Value>
    std::optional<Value> nextIfAny() {
        const auto value = _rows.value(_column++);
        if (value.isEmpty()) return std::nullopt;
        return value.convert<Value>();
    }

    Endpoint nextEndpoint() {
        Endpoint endpoint;
        endpoint.port = next<std::uint16_t>();
        endpoint.passcode = next<std::string>();
        endpoint.formerPasscode = next<std::string>();
        endpoint.formerPasscodeUntil = next<Poco::Int64>();
        endpoint.maxConnections = next<int>();
        endpoint.heartbeatAbsenceThreshold = std::chrono::milliseconds(next<Poco::Int64>());
        return endpoint;
    }

    std::optional<std::vector<Network>> nextNetworks() {
        const auto texts = nextIfAny<std::string>();
        if (!texts) return std::nullopt;
        std::vector<Network> networks;
        for (const auto& text : split(*texts))
            networks.push_back(Network::parse(text).value());
        return networks;
    }

    Poco::Data::RecordSet& _rows;
    std::size_t _column = 0;
};

} // namespace

std::string mappingChecksum() {
    return std::string(kChecksum) + "(" + sealedColumns() + ")";
}

void addMappingChecksum(sqlite3* database) {
    sqlite3_create_function(database, kChecksum, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                            nullptr, onChecksum, nullptr, nullptr);
}

Mapping readMappingRow(Poco::Data::RecordSet& rows) {
    return Row(rows).read();
}

void insertMappingRow(Poco::Data::Session& session, const Mapping& mapping) {
    const std::string type = mapping.typeName();
    const auto& traffic = mapping.traffic;
    const auto columns = [](const Endpoint& endpoint) {
        return Poco::Tuple<int, std::string, std::string, Poco::Int64, int, Poco::Int64>(
            endpoint.port, endpoint.passcode, endpoint.formerPasscode, endpoint.formerPasscodeUntil,
            endpoint.maxConnections, endpoint.heartbeatAbsenceThreshold.count());
    };
    auto first = columns(mapping.endpoint1);
    auto second = columns(mapping.endpoint2);
    session << std::string("INSERT INTO mapping (") + kMappingColumns +
                   ", checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                   "?, ?, ?, ?, ?, ?, '')",
        useRef(mapping.id), useRef(type), useRef(mapping.label), use(first), use(second),
        bind(joined(mapping.visitors.alpn)), bind(mapping.visitors.tls ? 1 : 0),
        bind(nullable(traffic.visitorsPerAddress)), bind(nullable(traffic.visitorRate)),
        bind(nullable(traffic.allow)), bind(nullable(traffic.deny)), bind(nullable(traffic.relayIdle)),
        bind(nullable(traffic.bandwidth)), bind(nullable(mapping.logRelays)), useRef(mapping.created),
        useRef(mapping.lastUse.agent), useRef(mapping.lastUse.visitor), now;
    session << "UPDATE mapping SET checksum = " + mappingChecksum() + " WHERE id = ?", useRef(mapping.id),
        now;
}

} // namespace connector
