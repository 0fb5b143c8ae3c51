#include "IoMessages.h"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace connector::test {

namespace {

/// The bytes that tell each field's size.
constexpr std::array<std::size_t, 19> kSizes{1, 2, 1, 1, 1, 1, 1, 1, 2, 2, 1, 2, 2, 2, 1, 1, 1, 4, 4};
constexpr std::size_t kId = 0;
constexpr std::size_t kTimestamp = 6;
constexpr std::size_t kPublisher = 7;
constexpr std::size_t kContent = 18;
constexpr std::size_t kFixedPart = 33;

std::string bigEndian(std::size_t value, std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = size; i > 0; --i, value >>= 8U)
        bytes[i - 1] = static_cast<char>(value & 0xFFU);
    return bytes;
}

std::size_t number(const std::string& bytes) {
    std::size_t value = 0;
    for (const char byte : bytes)
        value = value << 8U | static_cast<std::uint8_t>(byte);
    return value;
}

} // namespace

std::string ioMessage(const std::string& id, const std::string& publisher, const std::string& content) {
    std::array<std::string, kSizes.size()> fields;
    fields.at(kId) = id;
    fields.at(kTimestamp) = "\x01\x02\x03\x04\x05\x06";
    fields.at(kPublisher) = publisher;
    fields.at(kContent) = content;
    auto message = bigEndian(4, 2);
    for (std::size_t i = 0; i < fields.size(); ++i)
        message += bigEndian(fields.at(i).size(), kSizes.at(i));
    for (const auto& field : fields)
        message += field;
    return message;
}

std::string framed(const std::string& message) {
    return "\x0D" + bigEndian(message.size(), 4) + message;
}

IoMessageFields fieldsOf(const std::string& message) {
    if (message.size() < kFixedPart) throw std::runtime_error("a message without its fixed part");
    std::vector<std::string> fields;
    std::size_t header = 2;
    std::size_t at = kFixedPart;
    for (const auto bytes : kSizes) {
        const auto size = number(message.substr(header, bytes));
        header += bytes;
        if (at + size > message.size()) throw std::runtime_error("a message that is cut");
        fields.push_back(message.substr(at, size));
        at += size;
    }
    return {fields.at(kId), fields.at(kPublisher), fields.at(kContent)};
}

} // namespace connector::test
