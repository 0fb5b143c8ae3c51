#include "base/Printable.h"

#include <Poco/TextIterator.h>
#include <Poco/UTF8Encoding.h>
#include <Poco/Unicode.h>

namespace connector {

std::string printable(const std::string& text, std::size_t atMost) {
    auto shown = text.substr(0, atMost);
    for (auto& character : shown)
        if (character < ' ' || character > '~') character = '?';
    return text.size() > atMost ? shown + "..." : shown;
}

bool isPrintableCharacter(int character) {
    using Poco::Unicode;
    if (character < 0) return false;
    Unicode::CharacterProperties properties{};
    Unicode::properties(character, properties);
    switch (properties.type) {
    case Unicode::UCP_CONTROL:
    case Unicode::UCP_FORMAT:
    case Unicode::UCP_SURROGATE:
    case Unicode::UCP_PRIVATE_USE:
    case Unicode::UCP_LINE_SEPARATOR:
    case Unicode::UCP_PARAGRAPH_SEPARATOR:
        return false;
    default:
        return true;
    }
}

std::string printableText(const std::string& utf8) {
    const Poco::UTF8Encoding encoding;
    const Poco::TextIterator end(utf8);
    std::string result;
    for (Poco::TextIterator character(utf8, encoding); character != end; ++character) {
        unsigned char bytes[4];
        const int length =
            isPrintableCharacter(*character) ? encoding.convert(*character, bytes, sizeof bytes) : 0;
        if (length > 0)
            result.append(bytes, bytes + length);
        else
            result += '?';
    }
    return result;
}

} // namespace connector
