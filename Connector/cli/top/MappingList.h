#pragma once

#include "cli/top/Columns.h"
#include "cli/top/Rates.h"

#include <string>
#include <vector>

namespace connector {

/// The mappings as they are looked at: with rates, from two snapshots in a row, filtered and sorted.
class MappingList {
  public:
    /// The newest snapshot. The one before, if any, gives the rates.
    void take(Snapshot snapshot);

    /// column: in columns(). Mappings with the same value stand in the order of their ids.
    void sortBy(std::size_t column, bool isReversed);
    std::size_t sortedBy() const { return _column; }
    bool isReversed() const { return _isReversed; }

    /// Only mappings that have this text in id, label, name, type, state or a port, in upper or lower case;
    /// empty: all.
    void filter(const std::string& text);
    const std::string& filterText() const { return _filter; }

    /// How many pass the filter, and which is at this place of them; at: below size().
    std::size_t size() const { return _order.size(); }
    const MappingRow& at(std::size_t place) const { return _rows[_order[place]]; }

    /// Where the mapping of this id is; nothing when it is gone, or does not pass.
    std::optional<std::size_t> placeOf(const std::string& id) const;
    /// Whether or not it passes; null when it is gone.
    const MappingRow* find(const std::string& id) const;

    const ServerSample& server() const { return _snapshot.server; }
    /// Sums over all mappings, those that don't pass included.
    const std::optional<Totals>& totals() const { return _totals; }
    const UsedColumns& used() const { return _used; }

  private:
    void arrange();

    Snapshot _snapshot;
    bool _isFirst = true;
    std::vector<MappingRow> _rows;
    /// What the filter looks at, in lower case; made when there is one.
    std::vector<std::string> _texts;
    std::vector<std::size_t> _order;
    std::optional<Totals> _totals;
    UsedColumns _used;
    std::size_t _column = 0;
    bool _isReversed = false;
    std::string _filter;
};

} // namespace connector
