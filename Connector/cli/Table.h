#pragma once

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace connector {

/// Text in columns, with a head line. The first column is cut when the lines don't fit, and
/// before it those that may be.
class Table {
  public:
    enum class Align { Left, Right };
    struct Column {
        std::string head;
        Align align = Align::Left;
        bool mayBeCut = false;
    };

    explicit Table(std::vector<Column> columns);

    /// cells: one for each column, UTF-8.
    void add(std::vector<std::string> cells);

    /// width: of the terminal, in characters; without it, nothing is cut. Columns are two spaces apart, or
    /// one when that makes them fit; and only then columns are cut, which an ellipsis shows.
    void print(std::ostream& out, std::optional<std::size_t> width) const;

  private:
    std::vector<std::size_t> widths() const;
    void cut(std::vector<std::size_t>& widths, std::size_t excess) const;
    void printLine(std::ostream& out, const std::vector<std::string>& cells,
                   const std::vector<std::size_t>& widths, std::size_t gap) const;

    std::vector<Column> _columns;
    std::vector<std::vector<std::string>> _lines;
};

} // namespace connector
