#pragma once

#include "Loop.h"
#include "Measurement.h"
#include "Tls.h"

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <netinet/in.h>

namespace bench {

/// A visitor that loads a page again and again: so many images, each asked for on whichever of its
/// connections is free, which are new ones for each page and are kept until the page is there.
class Browser {
  public:
    /// Begins. tls: null for plain TCP. Counts each image as a turn, records how long each page took. All
    /// references must outlive it.
    Browser(Loop& loop, Counters& counters, Latencies& latencies, const sockaddr_in& address, Tls* tls);
    ~Browser();

  private:
    class Connection;
    static constexpr int kConnections = 6;
    static constexpr int kImages = 60;

    void begin();
    void connect();
    /// False: the page is complete; its connections are over, and the next one's have begun.
    bool onImage();
    void onFailure(Connection& connection);
    void retire(std::unique_ptr<Connection> connection);

    Loop& _loop;
    Counters& _counters;
    Latencies& _latencies;
    const sockaddr_in _address;
    Tls* _tls;
    unsigned _nextSource = 0;
    int _unasked = 0;
    int _missing = 0;
    int _pages = 0;
    std::chrono::steady_clock::time_point _began;
    std::list<std::unique_ptr<Connection>> _connections;
};

} // namespace bench
