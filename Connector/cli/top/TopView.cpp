#include "cli/top/TopView.h"

#include "cli/Output.h"
#include "cli/top/Columns.h"
#include "cli/top/ConnectionLines.h"
#include "cli/top/TerminalText.h"

#include <algorithm>

namespace connector {

namespace {

using Kind = Key::Kind;

constexpr const char* kListKeys = "q quit  Enter details  / filter  < > sort by  r reverse  ? help";
constexpr const char* kDetailKeys = "q quit  Esc back";
const std::vector<std::string> kHelp{
    "Up, Down, j, k, PgUp, PgDn, Home, End   select a mapping",
    "Enter                                   its details, with its connections",
    "/                                       show only mappings with a text; Enter keeps it, Esc drops it",
    "<, >, Left, Right                       sort by another column",
    "r                                       the other way around",
    "Esc                                     back to the list; there: show all mappings again",
    "q, Ctrl-C                               quit",
    "",
    "AGENTS   connections of agents that wait for a visitor; private: at port1+port2",
    "WAITING  visitors who wait for an agent",
    "RELAYS   agents and visitors that are joined",
    "FROM1/s  bytes a second that come in at port1, from agents; public: what visitors are sent",
    "FROM2/s  the same at port2; public: what visitors send",
};

std::string titleOf(const MappingSample& mapping) {
    return mapping.id + (mapping.name.empty() ? "" : "   " + mapping.name) +
           (mapping.label.empty() ? "" : "   " + mapping.label);
}

Look lookOf(const MappingRow& row, bool isSelected) {
    const bool isBad = row.sample.state != "open";
    if (isSelected) return isBad ? Look::BadSelected : Look::Selected;
    return isBad ? Look::Bad : Look::Plain;
}

/// What one character less is.
std::string shortened(const std::string& utf8) {
    auto size = utf8.size();
    while (size > 0 && (static_cast<unsigned char>(utf8[size - 1]) & 0xC0U) == 0x80U)
        --size;
    return utf8.substr(0, size > 0 ? size - 1 : 0);
}

} // namespace

TopView::TopView(std::string url, std::size_t sortedBy, bool isReversed, const std::string& filter)
    : _url(std::move(url)) {
    _list.sortBy(sortedBy, isReversed);
    _list.filter(filter);
}

void TopView::take(Snapshot snapshot) {
    _list.take(std::move(snapshot));
    _failure.clear();
}

void TopView::take(ConnectionsSample connections) {
    if (connections.id != _detailed) return; // asked for before another key was pressed
    _connectionRows = rowsOf(connections.id == _connections.id ? &_connections : nullptr, connections);
    _connections = std::move(connections);
}

bool TopView::handle(const Key& key) {
    if (_isEditing) {
        handleInFilter(key);
        return true;
    }
    switch (key.kind) {
    case Kind::Character:
        return handleCharacter(key.text);
    case Kind::Left:
        sortByNext(-1);
        break;
    case Kind::Right:
        sortByNext(1);
        break;
    case Kind::Enter:
        open();
        break;
    case Kind::Escape:
    case Kind::Backspace:
        leave();
        break;
    default:
        move(key);
    }
    return true;
}

bool TopView::handleCharacter(const std::string& character) {
    if (character == "q") return false;
    if (character == "<" || character == ",") sortByNext(-1);
    if (character == ">" || character == ".") sortByNext(1);
    if (character == "j") move({Kind::Down});
    if (character == "k") move({Kind::Up});
    if (character == "?" || character == "h") _page = Page::Help;
    if (_page != Page::List) return true;
    if (character == "r") _list.sortBy(_list.sortedBy(), !_list.isReversed());
    if (character == "/") _isEditing = true;
    return true;
}

void TopView::handleInFilter(const Key& key) {
    switch (key.kind) {
    case Kind::Character:
        _list.filter(_list.filterText() + key.text);
        break;
    case Kind::Backspace:
        _list.filter(shortened(_list.filterText()));
        break;
    case Kind::Escape:
        _list.filter("");
        _isEditing = false;
        break;
    case Kind::Enter:
        _isEditing = false;
        break;
    default:
        move(key);
    }
}

void TopView::sortByNext(int step) {
    if (_page != Page::List) return;
    const auto count = columns().size();
    const auto next =
        (_list.sortedBy() + count + static_cast<std::size_t>(step + static_cast<int>(count))) % count;
    _list.sortBy(next, false);
}

void TopView::move(const Key& key) {
    auto& place = _page == Page::Details ? _firstConnection : _place;
    const auto count = _page == Page::Details ? _connectionRows.size() : _list.size();
    if (count == 0) return;
    const auto last = count - 1;
    const auto back = [&](std::size_t lines) { place -= std::min(place, lines); };
    const auto on = [&](std::size_t lines) { place = std::min(last, place + lines); };
    if (key.kind == Kind::Up) back(1);
    if (key.kind == Kind::Down) on(1);
    if (key.kind == Kind::PageUp) back(_pageLines);
    if (key.kind == Kind::PageDown) on(_pageLines);
    if (key.kind == Kind::Home) place = 0;
    if (key.kind == Kind::End) place = last;
    if (_page != Page::Details) select(place);
}

void TopView::select(std::size_t place) {
    _place = place;
    _selected = place == 0 ? "" : _list.at(place).sample.id;
}

void TopView::open() {
    if (_page != Page::List || _place >= _list.size()) return;
    _detailed = _list.at(_place).sample.id;
    _selected = _detailed;
    _page = Page::Details;
    _firstConnection = 0;
    _connections = {};
    _connectionRows.clear();
}

void TopView::leave() {
    if (_page == Page::List) _list.filter("");
    if (_page == Page::Help && !_detailed.empty()) {
        _page = Page::Details;
        return;
    }
    _page = Page::List;
    _detailed.clear();
}

Frame TopView::frame(const ScreenSize& size) {
    auto frame = header(size);
    if (_page == Page::List) addList(frame, size);
    if (_page == Page::Details) addDetails(frame, size);
    if (_page == Page::Help)
        for (const auto& line : kHelp)
            frame.push_back({line});
    const auto room = std::max<std::size_t>(1, size.lines) - 1;
    frame.resize(room);
    frame.push_back({footer(), Look::Head});
    return frame;
}

std::vector<std::string> TopView::headerItems() const {
    const auto& server = _list.server();
    const auto& totals = _list.totals();
    const auto number = [](std::int64_t value) { return std::to_string(value); };
    std::vector<std::string> items{"mappings " + number(server.mappings),
                                   "degraded " + number(server.degraded),
                                   "agents " + number(server.agents) + " waiting",
                                   "visitors " + number(server.visitors) + " waiting, " +
                                       (totals ? readableRate(totals->refused) : "-") + "/s refused",
                                   "relays " + number(server.relays),
                                   "traffic " + (totals ? readableBytes(totals->bytes) + "/s" : "-"),
                                   "descriptors " + number(server.descriptors - server.freeDescriptors) +
                                       " of " + number(server.descriptors),
                                   "ports " + number(server.freePorts) + " free",
                                   "database " + server.database};
    if (server.damaged > 0) items.push_back("damaged " + number(server.damaged));
    return items;
}

Frame TopView::header(const ScreenSize& size) const {
    const auto& server = _list.server();
    Frame frame;
    frame.push_back({"iofog-connector " + server.version + "   " +
                         (_failure.empty() ? "running, up " + readableTime(server.uptime) : "away") + "   " +
                         _url,
                     Look::Title});
    if (!_failure.empty()) frame.push_back({"trying again: " + _failure, Look::Bad});
    const bool isBad = server.database != "ok" || server.degraded > 0 || server.damaged > 0;
    for (const auto& line : packed(headerItems(), size.columns))
        frame.push_back({line, isBad ? Look::Bad : Look::Plain});
    return frame;
}

void TopView::scrollTo(std::size_t place, std::size_t count, std::size_t lines) {
    _pageLines = std::max<std::size_t>(1, lines);
    _first = std::min(_first, place);
    if (place >= _first + _pageLines) _first = place + 1 - _pageLines;
    if (_first + _pageLines > count) _first = count > _pageLines ? count - _pageLines : 0;
}

void TopView::addList(Frame& frame, const ScreenSize& size) {
    if (!_selected.empty()) _place = _list.placeOf(_selected).value_or(_place);
    _place = _list.size() == 0 ? 0 : std::min(_place, _list.size() - 1);
    const auto placed = placedIn(size.columns, _list.sortedBy(), _list.used());
    frame.push_back({headLine(placed, _list.sortedBy(), _list.isReversed()), Look::Head});
    const auto lines = size.lines > frame.size() + 1 ? size.lines - frame.size() - 1 : 0;
    scrollTo(_place, _list.size(), lines);
    const auto end = std::min(_list.size(), _first + lines);
    for (auto place = _first; place < end; ++place)
        frame.push_back({lineOf(_list.at(place), _list.server().timestamp, placed),
                         lookOf(_list.at(place), place == _place)});
    if (_list.size() == 0)
        frame.push_back({_list.filterText().empty() ? "There are no mappings."
                                                    : "No mapping has \"" + _list.filterText() + "\"."});
}

void TopView::addDetails(Frame& frame, const ScreenSize& size) {
    const auto* row = _list.find(_detailed);
    if (!row) {
        frame.push_back({_detailed, Look::Head});
        frame.push_back({"The mapping is removed.", Look::Bad});
        return;
    }
    frame.push_back({leftIn(size.columns, titleOf(row->sample)), Look::Head});
    for (const auto& line : packed(itemsOf(*row, _list.server().timestamp), size.columns))
        frame.push_back({line, lookOf(*row, false)});
    frame.push_back({""});
    addConnections(frame, size);
}

void TopView::addConnections(Frame& frame, const ScreenSize& size) {
    if (_connections.id != _detailed) {
        frame.push_back({"Its connections are being asked for."});
        return;
    }
    if (!_connections.areKnown) {
        frame.push_back({"This server does not tell the connections of a mapping."});
        return;
    }
    frame.push_back({connectionHead(size.columns), Look::Head});
    const auto count = _connectionRows.size();
    const auto lines = size.lines > frame.size() + 1 ? size.lines - frame.size() - 1 : 0;
    _pageLines = std::max<std::size_t>(1, lines);
    _firstConnection = std::min(_firstConnection, count > lines ? count - lines : 0);
    for (auto i = _firstConnection; i < std::min(count, _firstConnection + lines); ++i)
        frame.push_back({connectionLine(_connectionRows[i], _list.server().timestamp, size.columns)});
    if (count == 0) frame.push_back({"Nobody is connected."});
}

std::string TopView::footer() const {
    if (_isEditing) return "filter: " + _list.filterText() + "_   Enter keep  Esc all";
    if (_page == Page::Help) return kDetailKeys;
    if (_page == Page::Details)
        return std::string(kDetailKeys) +
               (_connections.isTruncated ? "   not all connections are shown" : "");
    const auto count = std::to_string(_list.size()) + " of " + std::to_string(_list.server().mappings);
    const auto filter =
        _list.filterText().empty() ? "" : "filter: " + _list.filterText() + " (" + count + ")  ";
    return filter + kListKeys;
}

} // namespace connector
