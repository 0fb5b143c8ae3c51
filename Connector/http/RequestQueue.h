#pragma once

#include "http/RequestSocket.h"

#include <Poco/AutoPtr.h>
#include <Poco/Net/ServerSocketImpl.h>

#include <condition_variable>
#include <deque>
#include <mutex>

namespace connector {

/// Complete requests on their way from the event loop to the threads of POCO's HTTPServer, which takes this
/// for its listening socket, and each request for a connection. Those of callers that the server knows go
/// first: they never wait for what everybody may ask. Any thread.
class RequestQueue final : public Poco::Net::ServerSocketImpl {
  public:
    void push(Poco::AutoPtr<RequestSocket> request);

    /// Waits for a request; false when none has come in that time.
    bool poll(const Poco::Timespan& timeout, int mode) override;

    /// The request of a known caller that has waited the longest, or else of any; after poll(), on the same
    /// thread.
    Poco::Net::SocketImpl* acceptConnection(Poco::Net::SocketAddress& client) override;

    Poco::Net::SocketAddress address() override;

  private:
    ~RequestQueue() override = default;

    std::mutex _mutex;
    std::condition_variable _pushed;
    std::deque<Poco::AutoPtr<RequestSocket>> _ofKnown;
    std::deque<Poco::AutoPtr<RequestSocket>> _ofOthers;
};

} // namespace connector
