#include "cli/top/Poller.h"

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>

namespace connector {

namespace {

using Clock = std::chrono::steady_clock;

/// A server that takes longer is away.
constexpr std::chrono::seconds kPatience{10};

int makeWakeup() {
    const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    return descriptor;
}

} // namespace

Poller::Poller(std::string configurationFile, std::chrono::seconds interval)
    : _configurationFile(std::move(configurationFile)), _interval(interval), _wakeup(makeWakeup()),
      _due(Clock::now() + interval), _thread([this](const std::stop_token& stop) { run(stop); }) {}

Poller::~Poller() = default; // the thread is asked to end, and ends, first

Poller::News Poller::take() {
    eventfd_t count = 0;
    ::eventfd_read(_wakeup.get(), &count);
    const std::lock_guard guard(_lock);
    return std::exchange(_news, {});
}

void Poller::wantConnectionsOf(const std::string& id) {
    const std::lock_guard guard(_lock);
    if (id == _detailed) return;
    _detailed = id;
    _isNewlyDetailed = !id.empty();
    _wanted.notify_one();
}

void Poller::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const bool withSnapshot = waitForTurn(stop);
        if (stop.stop_requested()) return;
        poll(stop, withSnapshot);
        if (withSnapshot) _due = Clock::now() + _interval;
    }
}

bool Poller::waitForTurn(const std::stop_token& stop) {
    std::unique_lock guard(_lock);
    _wanted.wait_until(guard, stop, _due, [this] { return _isNewlyDetailed; });
    return !std::exchange(_isNewlyDetailed, false);
}

void Poller::poll(const std::stop_token& stop, bool withSnapshot) {
    for (const bool isLast : {false, true}) {
        try {
            return publish(ask(stop, withSnapshot));
        } catch (const std::exception& error) {
            // A server that has been started anew, perhaps with another certificate or port, is no failure
            // yet.
            _api.reset();
            if (stop.stop_requested()) return;
            if (isLast) publish({{}, {}, error.what()});
        }
    }
}

Poller::News Poller::ask(const std::stop_token& stop, bool withSnapshot) {
    if (!_api) {
        _api = std::make_unique<ConnectorApi>(_configurationFile);
        _api->giveUp(kPatience, stop);
    }
    const auto detailed = [this] {
        const std::lock_guard guard(_lock);
        return _detailed;
    }();
    News news;
    if (withSnapshot) news.snapshot = takeSnapshot(*_api);
    if (!detailed.empty()) news.connections = takeConnections(*_api, detailed);
    return news;
}

void Poller::publish(News news) {
    const std::lock_guard guard(_lock);
    if (news.snapshot) _news.snapshot = std::move(news.snapshot);
    if (news.connections) _news.connections = std::move(news.connections);
    _news.failure = std::move(news.failure);
    ::eventfd_write(_wakeup.get(), 1);
}

} // namespace connector
