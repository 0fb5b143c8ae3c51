#include "mapping/MappingRow.h"

#include "base/Digest.h"

#include <Poco/NumberParser.h>
#include <Poco/String.h>
#include <Poco/StringTokenizer.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace connector {

namespace {

using Value = Poco::Nullable<std::string>;

std::string joined(const std::vector<std::string>& names) {
    return Poco::cat(std::string(" "), names.begin(), names.end());
}

std::vector<std::string> split(const std::string& names) {
    const Poco::StringTokenizer parts(names, " ", Poco::StringTokenizer::TOK_IGNORE_EMPTY);
    return {parts.begin(), parts.end()};
}

/// Puts a row together, from left to right.
class RowWriter {
  public:
    void text(const std::string& value) { _row[_column++] = value; }
    void number(Poco::Int64 value) { _row[_column++] = std::to_string(value); }

    void textIfAny(const std::string& value) {
        if (value.empty())
            _row[_column++].clear();
        else
            text(value);
    }

    template <class Number>
    void numberIfAny(const std::optional<Number>& value) {
        if (value)
            number(*value);
        else
            _row[_column++].clear();
    }

    void networksIfAny(const std::optional<std::vector<Network>>& networks) {
        if (!networks) {
            _row[_column++].clear();
            return;
        }
        std::vector<std::string> texts;
        for (const auto& network : *networks)
            texts.push_back(network.toString());
        text(joined(texts));
    }

    void endpoint(const Endpoint& endpoint) {
        numberIfAny(endpoint.port == 0 ? std::nullopt : std::optional(endpoint.port));
        text(endpoint.passcode);
        text(endpoint.formerPasscode);
        number(endpoint.formerPasscodeUntil);
        number(endpoint.maxConnections);
        number(endpoint.heartbeatAbsenceThreshold.count());
    }

    MappingRow take() { return std::move(_row); }

  private:
    MappingRow _row;
    std::size_t _column = 0;
};

/// Reads a row from left to right. Throws std::exception where it can't be one of ours.
class RowReader {
  public:
    explicit RowReader(const MappingRow& row) : _row(row) {}

    const std::string& text() { return _row.at(_column++).value(); }
    std::string textIfAny() { return isNull() ? "" : text(); }

    template <class Number>
    Number number() {
        const auto value = Poco::NumberParser::parse64(text());
        if (value < std::numeric_limits<Number>::min() || value > std::numeric_limits<Number>::max())
            throw std::out_of_range("number");
        return static_cast<Number>(value);
    }

    template <class Number>
    std::optional<Number> numberIfAny() {
        if (isNull()) return std::nullopt;
        return number<Number>();
    }

    std::optional<std::vector<Network>> networksIfAny() {
        if (isNull()) return std::nullopt;
        std::vector<Network> networks;
        for (const auto& each : split(text()))
            networks.push_back(Network::parse(each).value());
        return networks;
    }

    Endpoint endpoint() {
        Endpoint endpoint;
        endpoint.port = numberIfAny<std::uint16_t>().value_or(0);
        endpoint.passcode = text();
        endpoint.formerPasscode = text();
        endpoint.formerPasscodeUntil = number<Poco::Int64>();
        endpoint.maxConnections = number<int>();
        endpoint.heartbeatAbsenceThreshold = std::chrono::milliseconds(number<Poco::Int64>());
        return endpoint;
    }

  private:
    /// Whether the next one is; then it is passed over.
    bool isNull() {
        if (!_row.at(_column).isNull()) return false;
        ++_column;
        return true;
    }

    const MappingRow& _row;
    std::size_t _column = 0;
};

std::size_t indexOf(const std::string& column) {
    const auto found = std::find_if(kMappingColumns.begin(), kMappingColumns.end(),
                                    [&](const auto& one) { return column == one.name; });
    return static_cast<std::size_t>(found - kMappingColumns.begin());
}

Mapping read(RowReader row) {
    Mapping mapping;
    mapping.id = row.text();
    mapping.type = row.text() == Mapping::kPublic ? Mapping::Type::Public : Mapping::Type::Private;
    mapping.label = row.text();
    mapping.name = row.textIfAny();
    mapping.endpoint1 = row.endpoint();
    mapping.endpoint2 = row.endpoint();
    mapping.hasPorts = mapping.endpoint1.port != 0;
    if (mapping.hasPorts != (mapping.endpoint2.port != 0)) throw std::invalid_argument("one port alone");
    mapping.visitors.alpn = split(row.text());
    mapping.visitors.tls = row.number<int>() != 0;
    mapping.traffic.visitorsPerAddress = row.numberIfAny<int>();
    mapping.traffic.visitorRate = row.numberIfAny<int>();
    mapping.traffic.allow = row.networksIfAny();
    mapping.traffic.deny = row.networksIfAny();
    if (const auto idle = row.numberIfAny<Poco::Int64>())
        mapping.traffic.relayIdle = std::chrono::milliseconds(*idle);
    mapping.traffic.bandwidth = row.numberIfAny<Poco::Int64>();
    if (const auto logs = row.numberIfAny<int>()) mapping.logRelays = *logs != 0;
    mapping.created = row.number<Poco::Int64>();
    mapping.lastUse.agent = row.number<Poco::Int64>();
    mapping.lastUse.visitor = row.number<Poco::Int64>();
    return mapping;
}

} // namespace

MappingRow rowOf(const Mapping& mapping) {
    const auto& traffic = mapping.traffic;
    RowWriter row;
    row.text(mapping.id);
    row.text(mapping.typeName());
    row.text(mapping.label);
    row.textIfAny(mapping.name);
    row.endpoint(mapping.endpoint1);
    row.endpoint(mapping.endpoint2);
    row.text(joined(mapping.visitors.alpn));
    row.number(mapping.visitors.tls ? 1 : 0);
    row.numberIfAny(traffic.visitorsPerAddress);
    row.numberIfAny(traffic.visitorRate);
    row.networksIfAny(traffic.allow);
    row.networksIfAny(traffic.deny);
    row.numberIfAny(traffic.relayIdle ? std::optional(traffic.relayIdle->count()) : std::nullopt);
    row.numberIfAny(traffic.bandwidth);
    row.numberIfAny(mapping.logRelays);
    row.number(mapping.created);
    row.number(mapping.lastUse.agent);
    row.number(mapping.lastUse.visitor);
    return row.take();
}

std::optional<Mapping> mappingOf(const MappingRow& row) {
    try {
        return read(RowReader(row));
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

Mapping remainsOf(const MappingRow& row) {
    const auto textIn = [&](const char* column) { return row.at(indexOf(column)).value(""); };
    const auto portIn = [&](const char* column) {
        unsigned port = 0;
        const bool isOne = Poco::NumberParser::tryParseUnsigned(textIn(column), port) &&
                           port <= std::numeric_limits<std::uint16_t>::max();
        return static_cast<std::uint16_t>(isOne ? port : 0);
    };
    Mapping mapping;
    mapping.id = textIn("id");
    mapping.name = textIn("name");
    mapping.endpoint1.port = portIn("port1");
    mapping.endpoint2.port = portIn("port2");
    mapping.hasPorts = mapping.endpoint1.port != 0 || mapping.endpoint2.port != 0;
    return mapping;
}

/// Of all values, each with its type and its length, so that no two rows have the same bytes.
std::string checksumOf(const MappingRow& row) {
    std::string all;
    for (std::size_t i = 0; i < kSealedColumns; ++i) {
        const auto type = row[i].isNull() ? MappingColumn::Type::Null : kMappingColumns[i].type;
        const auto text = row[i].value("");
        all += std::to_string(static_cast<int>(type)) + ":" + std::to_string(text.size()) + ":" + text;
    }
    return digestOf(all);
}

std::string checksumOf(const Mapping& mapping) {
    return checksumOf(rowOf(mapping));
}

} // namespace connector
