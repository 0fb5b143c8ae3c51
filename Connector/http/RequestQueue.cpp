#include "http/RequestQueue.h"

#include <chrono>
#include <utility>

namespace connector {

void RequestQueue::push(Poco::AutoPtr<RequestSocket> request) {
    const std::lock_guard lock(_mutex);
    auto& requests = request->request().isOfKnownCaller ? _ofKnown : _ofOthers;
    requests.push_back(std::move(request));
    _pushed.notify_one();
}

bool RequestQueue::poll(const Poco::Timespan& timeout, int) {
    std::unique_lock lock(_mutex);
    return _pushed.wait_for(lock, std::chrono::microseconds(timeout.totalMicroseconds()),
                            [this] { return !_ofKnown.empty() || !_ofOthers.empty(); });
}

Poco::Net::SocketImpl* RequestQueue::acceptConnection(Poco::Net::SocketAddress& client) {
    const std::lock_guard lock(_mutex);
    auto& requests = _ofKnown.empty() ? _ofOthers : _ofKnown;
    auto request = std::move(requests.front());
    requests.pop_front();
    client = request->peerAddress();
    return request.duplicate(); // for POCO's socket
}

/// For the name of a thread.
Poco::Net::SocketAddress RequestQueue::address() {
    return {};
}

} // namespace connector
