#include "net/ClientHello.h"

#include "base/HostName.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace connector {

namespace {

using Bytes = std::span<const std::byte>;
using Verdict = ClientHello::Verdict;

constexpr unsigned kHandshake = 22;  ///< a record's type
constexpr unsigned kClientHello = 1; ///< a handshake message's type
constexpr unsigned kServerName = 0;  ///< extensions' types
constexpr unsigned kAlpn = 16;
constexpr unsigned kHostName = 0; ///< a server name's type
constexpr std::size_t kRecordHead = 5;
constexpr std::size_t kMessageHead = 4;
constexpr std::size_t kMostOfRecord = 1U << 14U;
constexpr std::size_t kRandom = 32;

/// Takes a message apart, from left to right. What it has not got makes it bad, and everything after that
/// empty.
class Reader {
  public:
    explicit Reader(Bytes bytes) : _left(bytes) {}

    bool isBad() const { return _isBad; }
    bool isAtEnd() const { return _left.empty(); }

    Bytes take(std::size_t count) {
        if (count > _left.size()) {
            _isBad = true;
            _left = {};
            return {};
        }
        const auto taken = _left.first(count);
        _left = _left.subspan(count);
        return taken;
    }

    /// Of one to three bytes, the highest first.
    std::size_t number(std::size_t bytes) {
        std::size_t value = 0;
        for (const auto byte : take(bytes))
            value = value << 8U | std::to_integer<std::size_t>(byte);
        return value;
    }

    /// A piece with its length in front, which has that many bytes.
    Bytes piece(std::size_t lengthBytes) { return take(number(lengthBytes)); }

  private:
    Bytes _left;
    bool _isBad = false;
};

std::string textOf(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// How many bytes of the message have still to come: of its head, or of what that announces.
std::size_t missingOf(const std::vector<std::byte>& message) {
    if (message.size() < kMessageHead) return kMessageHead - message.size();
    const auto length = kMessageHead + Reader(Bytes(message).subspan(1, 3)).number(3);
    return length - std::min(length, message.size());
}

/// The handshake message as far as it has come, out of the records that it is in; nothing when one of them is
/// something else. What follows the message is no matter.
std::optional<std::vector<std::byte>> messageIn(Bytes bytes) {
    std::vector<std::byte> message;
    while (!bytes.empty() && missingOf(message) > 0) {
        if (std::to_integer<unsigned>(bytes[0]) != kHandshake) return std::nullopt;
        if (bytes.size() > 1 && std::to_integer<unsigned>(bytes[1]) != 3) return std::nullopt;
        if (bytes.size() < kRecordHead) break;
        const auto length = Reader(bytes.subspan(3, 2)).number(2);
        if (length == 0 || length > kMostOfRecord) return std::nullopt;
        const auto body = bytes.subspan(kRecordHead, std::min(length, bytes.size() - kRecordHead));
        message.insert(message.end(), body.begin(), body.end());
        bytes = bytes.subspan(kRecordHead + body.size());
    }
    return message;
}

/// False when it is malformed.
bool readServerName(Reader extension, ClientHello& hello) {
    Reader names(extension.piece(2));
    while (!names.isAtEnd()) {
        const auto type = names.number(1);
        const auto name = names.piece(2);
        if (type == kHostName) hello.serverName = plainHostName(textOf(name));
    }
    return !names.isBad() && extension.isAtEnd();
}

/// The same.
bool readProtocols(Reader extension, ClientHello& hello) {
    Reader names(extension.piece(2));
    while (!names.isAtEnd())
        hello.protocols.push_back(textOf(names.piece(1)));
    return !names.isBad() && extension.isAtEnd();
}

/// The same. body: all of the message behind its head.
bool readBody(Reader body, ClientHello& hello) {
    body.take(2 + kRandom); // the version that older servers look at
    body.piece(1);          // a session's id
    body.piece(2);          // cipher suites
    body.piece(1);          // compression methods
    Reader extensions(body.isAtEnd() ? Bytes() : body.piece(2));
    if (body.isBad() || !body.isAtEnd()) return false;
    bool isGood = true;
    while (!extensions.isAtEnd()) {
        const auto type = extensions.number(2);
        const Reader extension(extensions.piece(2));
        if (type == kServerName) isGood = isGood && readServerName(extension, hello);
        if (type == kAlpn) isGood = isGood && readProtocols(extension, hello);
    }
    return isGood && !extensions.isBad();
}

} // namespace

bool ClientHello::offers(std::string_view protocol) const {
    return std::find(protocols.begin(), protocols.end(), protocol) != protocols.end();
}

ClientHello ClientHello::parse(std::span<const std::byte> bytes) {
    const auto message = messageIn(bytes.first(std::min(bytes.size(), kMost)));
    if (!message) return {.verdict = Verdict::Other};
    Reader reader(*message);
    const auto type = reader.number(1);
    if (!message->empty() && type != kClientHello) return {.verdict = Verdict::Other};
    const auto length = reader.number(3);
    if (const auto missing = missingOf(*message); missing > 0) {
        const bool mayCome = bytes.size() < kMost && length < kMost;
        return {.verdict = mayCome ? Verdict::Incomplete : Verdict::Other, .needed = bytes.size() + missing};
    }
    ClientHello hello{.verdict = Verdict::Complete};
    if (readBody(Reader(reader.take(length)), hello)) return hello;
    return {.verdict = Verdict::Other};
}

} // namespace connector
