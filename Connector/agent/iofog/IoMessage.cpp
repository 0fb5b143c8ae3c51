#include "agent/iofog/IoMessage.h"

#include <cstdint>

namespace connector {

namespace {

constexpr std::size_t kVersion = 4;
constexpr std::size_t kVersionBytes = 2;
constexpr std::size_t kFixedPart = 33;

/// How many bytes tell the size of each field: id, tag, group id, sequence number, sequence total, priority,
/// timestamp, publisher, auth id, auth group, chain position, hash, previous hash, nonce, difficulty target,
/// info type, info format, context data, content data.
constexpr std::array<std::size_t, 19> kSizeBytes{1, 2, 1, 1, 1, 1, 1, 1, 2, 2, 1, 2, 2, 2, 1, 1, 1, 4, 4};
constexpr std::size_t kId = 0;
constexpr std::size_t kTimestamp = 6;
constexpr std::size_t kPublisher = 7;

/// Zero takes a byte where a number is expected.
constexpr std::string_view kZero("\0", 1);

std::size_t number(std::string_view bytes) {
    std::size_t value = 0;
    for (const char byte : bytes)
        value = value << 8U | static_cast<std::uint8_t>(byte);
    return value;
}

std::string bytesOf(std::size_t value, std::size_t size) {
    std::string bytes(size, '\0');
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, value >>= 8U)
        *byte = static_cast<char>(value & 0xFFU);
    return bytes;
}

} // namespace

std::string framed(std::string_view message) {
    std::string frame(1, kIoMessageCode);
    frame.reserve(kIoMessageHeader + message.size());
    frame += bytesOf(message.size(), kIoMessageHeader - 1);
    return frame.append(message);
}

std::size_t sizeInHeader(std::string_view header) {
    return number(header.substr(1, kIoMessageHeader - 1));
}

std::optional<IoMessage> IoMessage::parse(std::string_view bytes) {
    if (bytes.size() < kFixedPart || number(bytes.substr(0, kVersionBytes)) != kVersion) return std::nullopt;
    auto sizes = bytes.substr(kVersionBytes, kFixedPart - kVersionBytes);
    bytes.remove_prefix(kFixedPart);
    Fields fields;
    for (std::size_t i = 0; i < kFields; ++i) {
        const auto size = number(sizes.substr(0, kSizeBytes.at(i)));
        if (size > bytes.size()) return std::nullopt;
        fields.at(i) = bytes.substr(0, size);
        bytes.remove_prefix(size);
        sizes.remove_prefix(kSizeBytes.at(i));
    }
    return IoMessage(fields);
}

std::string_view IoMessage::id() const {
    return _fields[kId];
}

std::string IoMessage::publishedBy(std::string_view publisher) const {
    auto fields = _fields;
    fields[kId] = {};
    fields[kTimestamp] = kZero;
    fields[kPublisher] = publisher;
    auto message = bytesOf(kVersion, kVersionBytes);
    for (std::size_t i = 0; i < kFields; ++i)
        message += bytesOf(fields.at(i).size(), kSizeBytes.at(i));
    for (const auto field : fields)
        message += field;
    return message;
}

std::string nameOf(std::string_view message) {
    const auto parsed = IoMessage::parse(message);
    if (!parsed || parsed->id().empty()) return "ioMessage without an id";
    std::string name = "ioMessage ";
    // Anybody may have made it up, and it goes into the log.
    for (const char character : parsed->id())
        name += character > ' ' && character <= '~' ? character : '?';
    return name;
}

} // namespace connector
