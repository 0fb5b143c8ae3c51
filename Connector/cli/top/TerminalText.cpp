#include "cli/top/TerminalText.h"

#include "base/Printable.h"

#include <Poco/TextIterator.h>
#include <Poco/UTF8Encoding.h>

#include <cwchar>

namespace connector {

namespace {

constexpr const char* kGap = "   ";
constexpr wchar_t kEllipsis = L'\u2026';

/// What is shown of one character.
struct Glyph {
    std::string utf8;
    std::size_t cells = 0;
};

Glyph glyphOf(int character) {
    const int cells = isPrintableCharacter(character) ? ::wcwidth(static_cast<wchar_t>(character)) : -1;
    if (cells < 0) return {"?", 1};
    unsigned char bytes[4];
    const int length = Poco::UTF8Encoding().convert(character, bytes, sizeof bytes);
    return {std::string(bytes, bytes + length), static_cast<std::size_t>(cells)};
}

std::vector<Glyph> glyphsOf(const std::string& utf8) {
    const Poco::UTF8Encoding encoding;
    const Poco::TextIterator end(utf8);
    std::vector<Glyph> result;
    for (Poco::TextIterator character(utf8, encoding); character != end; ++character)
        result.push_back(glyphOf(*character));
    return result;
}

/// A text and the cells that it takes.
Glyph beginningOf(const std::vector<Glyph>& glyphs, std::size_t cells) {
    Glyph result;
    for (const auto& glyph : glyphs) {
        if (result.cells + glyph.cells > cells) break;
        result.utf8 += glyph.utf8;
        result.cells += glyph.cells;
    }
    return result;
}

Glyph cutTo(std::size_t cells, const std::string& utf8) {
    const auto glyphs = glyphsOf(utf8);
    std::size_t all = 0;
    for (const auto& glyph : glyphs)
        all += glyph.cells;
    if (all <= cells || cells == 0) return beginningOf(glyphs, cells);
    auto result = beginningOf(glyphs, cells - 1);
    result.utf8 += ::wcwidth(kEllipsis) == 1 ? "\u2026" : "~";
    ++result.cells;
    return result;
}

} // namespace

std::size_t cellsOf(const std::string& utf8) {
    std::size_t result = 0;
    for (const auto& glyph : glyphsOf(utf8))
        result += glyph.cells;
    return result;
}

std::string leftIn(std::size_t cells, const std::string& utf8) {
    const auto shown = cutTo(cells, utf8);
    return shown.utf8 + std::string(cells - shown.cells, ' ');
}

std::string rightIn(std::size_t cells, const std::string& utf8) {
    const auto shown = cutTo(cells, utf8);
    return std::string(cells - shown.cells, ' ') + shown.utf8;
}

std::string beginningOf(const std::string& utf8, std::size_t cells) {
    return beginningOf(glyphsOf(utf8), cells).utf8;
}

std::vector<std::string> packed(const std::vector<std::string>& items, std::size_t cells) {
    std::vector<std::string> lines;
    for (const auto& item : items) {
        const auto longer = lines.empty() ? "" : lines.back() + kGap + item;
        if (!lines.empty() && cellsOf(longer) <= cells)
            lines.back() = longer;
        else
            lines.push_back(item);
    }
    return lines;
}

} // namespace connector
