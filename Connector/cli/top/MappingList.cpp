#include "cli/top/MappingList.h"

#include <Poco/UTF8String.h>

#include <algorithm>

namespace connector {

namespace {

std::string textToFilter(const MappingSample& sample) {
    std::string text =
        sample.id + '\n' + sample.label + '\n' + sample.name + '\n' + sample.type + '\n' + sample.state;
    for (const int port : sample.ports)
        text += '\n' + std::to_string(port);
    return Poco::UTF8::toLower(text);
}

} // namespace

void MappingList::take(Snapshot snapshot) {
    _rows = rowsOf(_isFirst ? nullptr : &_snapshot, snapshot);
    _snapshot = std::move(snapshot);
    _isFirst = false;
    _totals = totalsOf(_rows);
    _used = {};
    for (const auto& row : _rows) {
        _used.labels = _used.labels || !row.sample.label.empty();
        _used.names = _used.names || !row.sample.name.empty();
    }
    _texts.clear();
    arrange();
}

void MappingList::sortBy(std::size_t column, bool isReversed) {
    _column = column;
    _isReversed = isReversed;
    arrange();
}

void MappingList::filter(const std::string& text) {
    _filter = text;
    arrange();
}

std::optional<std::size_t> MappingList::placeOf(const std::string& id) const {
    const auto found =
        std::find_if(_order.begin(), _order.end(), [&](auto index) { return _rows[index].sample.id == id; });
    if (found == _order.end()) return std::nullopt;
    return static_cast<std::size_t>(found - _order.begin());
}

const MappingRow* MappingList::find(const std::string& id) const {
    const auto found =
        std::find_if(_rows.begin(), _rows.end(), [&](const auto& row) { return row.sample.id == id; });
    return found == _rows.end() ? nullptr : &*found;
}

void MappingList::arrange() {
    if (!_filter.empty() && _texts.empty())
        for (const auto& row : _rows)
            _texts.push_back(textToFilter(row.sample));
    const auto wanted = Poco::UTF8::toLower(_filter);
    _order.clear();
    for (std::size_t i = 0; i < _rows.size(); ++i)
        if (wanted.empty() || _texts[i].find(wanted) != std::string::npos) _order.push_back(i);
    const auto& column = columns()[_column];
    const bool isDescending = column.descends != _isReversed;
    std::sort(_order.begin(), _order.end(), [&](auto a, auto b) {
        const int order = column.compare(_rows[a], _rows[b]);
        if (order != 0) return isDescending ? order > 0 : order < 0;
        return _rows[a].sample.id < _rows[b].sample.id;
    });
}

} // namespace connector
