#include "Browser.h"

#include "Addresses.h"
#include "Channel.h"
#include "Far.h"

#include <iterator>
#include <string>
#include <utility>

namespace bench {

namespace {

std::string imageRequest() {
    std::string text(kImageRequest, '.');
    text.front() = static_cast<char>(Request::Image);
    return text;
}

const std::string kRequest = imageRequest();

} // namespace

class Browser::Connection final : public Channel {
  public:
    explicit Connection(Browser& browser)
        : Channel(browser._loop, sourceAddress(browser._nextSource++, browser._address), browser._address,
                  browser._tls),
          _browser(browser) {}

    std::list<std::unique_ptr<Connection>>::iterator position;

    /// It has asked for an image that has not come, or not all of it.
    bool isBusy() const { return _isBusy; }

    void end() { setOver(); }

  private:
    bool onConnected() override {
        if (_browser._unasked > 0) {
            const auto sent = send(kRequest);
            if (sent == 0) return false;
            onAsked(sent);
        }
        wait(EPOLLIN);
        return true;
    }

    void onReady(std::uint32_t) override {
        const auto received = discard();
        if (received < 0) return onClosed();
        _received += static_cast<std::size_t>(received);
        if (_received < kImage) return;
        _received = 0;
        _isBusy = false;
        if (_browser.onImage() && _browser._unasked > 0) onAsked(send(kRequest));
    }

    void onAsked(long sent) {
        if (sent <= 0) return onClosed();
        --_browser._unasked;
        _isBusy = true;
    }

    void onClosed() override { _browser.onFailure(*this); }

    Browser& _browser;
    bool _isBusy = false;
    std::size_t _received = 0;
};

Browser::Browser(Loop& loop, Counters& counters, Latencies& latencies, const sockaddr_in& address, Tls* tls)
    : _loop(loop), _counters(counters), _latencies(latencies), _address(address), _tls(tls) {
    begin();
}

Browser::~Browser() = default;

void Browser::begin() {
    _began = std::chrono::steady_clock::now();
    _unasked = _missing = kImages;
    for (int i = 0; i < kConnections; ++i)
        connect();
}

void Browser::connect() {
    _connections.push_back(std::make_unique<Connection>(*this));
    _connections.back()->position = std::prev(_connections.end());
    _connections.back()->start();
}

bool Browser::onImage() {
    const bool isMeasured = _counters.measuring.load(std::memory_order_relaxed);
    if (isMeasured) _counters.turns.fetch_add(1, std::memory_order_relaxed);
    if (--_missing > 0) return true;
    if (_pages++ == 0) ++_counters.ready;
    if (isMeasured) _latencies.record(std::chrono::steady_clock::now() - _began);
    for (auto& connection : _connections)
        retire(std::move(connection));
    _connections.clear();
    begin();
    return false;
}

void Browser::onFailure(Connection& connection) {
    ++_counters.failures;
    if (connection.isBusy()) ++_unasked;
    const auto position = connection.position;
    retire(std::move(*position));
    _connections.erase(position);
    connect();
}

void Browser::retire(std::unique_ptr<Connection> connection) {
    connection->end();
    _loop.retire(std::move(connection));
}

} // namespace bench
