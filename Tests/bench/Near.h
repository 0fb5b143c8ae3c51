#pragma once

#include "Browser.h"
#include "Channel.h"
#include "Measurement.h"

#include <list>
#include <memory>
#include <vector>

namespace bench {

/// What visitors do.
enum class Work {
    Download, ///< take what the far side sends without end
    Exchange, ///< the same, and send without end
    PingPong, ///< 64 bytes there and back, again and again
    Visit,    ///< connect, 16 bytes there and back, close, again and again
    Page,     ///< load a page of many images over some connections, again and again: see Browser
    Stall,    ///< ask for a download and read nothing
};

/// The side that begins: the generator as visitors.
class NearSide {
  public:
    /// tls: null for plain TCP. The references must outlive it.
    NearSide(Loop& loop, Counters& counters, Tls* tls);
    ~NearSide();

    /// So many visitors, each replaced when its visit is over.
    void visit(const sockaddr_in& address, Work work, int count);

    /// Of PingPong, Visit and Page, while Counters::measuring.
    Latencies& latencies() { return _latencies; }

  private:
    class Visitor;

    void add(const sockaddr_in& address, Work work);

    Loop& _loop;
    Counters& _counters;
    Tls* _tls;
    Latencies _latencies;
    unsigned _nextSource = 0;
    std::list<std::unique_ptr<Visitor>> _visitors;
    std::vector<std::unique_ptr<Browser>> _browsers;
};

} // namespace bench
