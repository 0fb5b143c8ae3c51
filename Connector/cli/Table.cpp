#include "cli/Table.h"

#include <algorithm>
#include <numeric>

namespace connector {

namespace {

constexpr const char* kEllipsis = "\u2026";
/// What is left of a column at the least, ellipsis included: enough to tell ids from each other.
constexpr std::size_t kMinWidth = 8;

bool isContinuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

std::size_t lengthOf(const std::string& text) {
    return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), isContinuation));
}

std::string cutTo(const std::string& text, std::size_t length) {
    if (lengthOf(text) <= length) return text;
    std::size_t end = 0;
    for (std::size_t kept = 0; kept + 1 < length; ++kept) {
        ++end;
        while (end < text.size() && isContinuation(text[end]))
            ++end;
    }
    return text.substr(0, end) + kEllipsis;
}

} // namespace

Table::Table(std::vector<Column> columns) : _columns(std::move(columns)) {
    std::vector<std::string> heads;
    for (const auto& column : _columns)
        heads.push_back(column.head);
    _lines.push_back(std::move(heads));
}

void Table::add(std::vector<std::string> cells) {
    _lines.push_back(std::move(cells));
}

void Table::print(std::ostream& out, std::optional<std::size_t> width) const {
    auto columns = widths();
    const auto gaps = _columns.size() - 1;
    const auto sum = std::accumulate(columns.begin(), columns.end(), std::size_t{0});
    const std::size_t gap = !width || sum + 2 * gaps <= *width ? 2 : 1;
    if (width && sum + gap * gaps > *width) cut(columns, sum + gap * gaps - *width);
    for (const auto& line : _lines)
        printLine(out, line, columns, gap);
}

void Table::cut(std::vector<std::size_t>& widths, std::size_t excess) const {
    for (auto i = widths.size(); i-- > 0;) {
        if (i > 0 && !_columns[i].mayBeCut) continue;
        const auto former = widths[i];
        widths[i] = std::max(std::min(former, kMinWidth), former - std::min(former, excess));
        excess -= former - widths[i];
    }
}

std::vector<std::size_t> Table::widths() const {
    std::vector<std::size_t> result(_columns.size(), 0);
    for (const auto& line : _lines)
        for (std::size_t i = 0; i < result.size(); ++i)
            result[i] = std::max(result[i], lengthOf(line[i]));
    return result;
}

void Table::printLine(std::ostream& out, const std::vector<std::string>& cells,
                      const std::vector<std::size_t>& widths, std::size_t gap) const {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto cell = cutTo(cells[i], widths[i]);
        const std::string padding(widths[i] - lengthOf(cell), ' ');
        if (i > 0) line.append(gap, ' ');
        line += _columns[i].align == Align::Left ? cell + padding : padding + cell;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
}

} // namespace connector
