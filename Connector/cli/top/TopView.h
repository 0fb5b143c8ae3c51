#pragma once

#include "cli/top/Frame.h"
#include "cli/top/MappingList.h"

#include <string>

namespace connector {

/// What there is to see, and what keys do to it: a list of mappings, or the details of one, or help. It knows
/// no terminal.
class TopView {
  public:
    /// url: of the API.
    TopView(std::string url, std::size_t sortedBy, bool isReversed, const std::string& filter);

    /// What the server says now. It answers, then.
    void take(Snapshot snapshot);
    void take(ConnectionsSample connections);
    /// The server does not answer, or with nothing that can be shown.
    void takeFailure(const std::string& message) { _failure = message; }

    /// Returns whether the view is to go on: a key may end it.
    bool handle(const Key& key);

    /// The mapping whose connections are wanted; empty when none is.
    const std::string& detailed() const { return _detailed; }

    /// The screen, in this size, and keeps what is selected in it.
    Frame frame(const ScreenSize& size);

  private:
    enum class Page { List, Details, Help };

    void handleInFilter(const Key& key);
    bool handleCharacter(const std::string& character);
    void move(const Key& key);
    void sortByNext(int step);
    void open();
    void leave();
    void select(std::size_t place);

    std::vector<std::string> headerItems() const;
    Frame header(const ScreenSize& size) const;
    void addList(Frame& frame, const ScreenSize& size);
    void addDetails(Frame& frame, const ScreenSize& size);
    void addConnections(Frame& frame, const ScreenSize& size);
    std::string footer() const;
    /// Lines of a list of `count` that are shown from _first on, so that `place` is among them.
    void scrollTo(std::size_t place, std::size_t count, std::size_t lines);

    std::string _url;
    MappingList _list;
    std::string _failure;
    Page _page = Page::List;
    bool _isEditing = false; ///< the filter
    /// Its place is kept while the order changes; empty: the first line, whatever is there.
    std::string _selected;
    std::size_t _place = 0;
    std::size_t _first = 0;
    std::size_t _pageLines = 1; ///< that the last frame had room for
    std::string _detailed;
    std::size_t _firstConnection = 0;
    ConnectionsSample _connections;
    std::vector<ConnectionRow> _connectionRows;
};

} // namespace connector
