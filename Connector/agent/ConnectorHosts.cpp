#include "agent/ConnectorHosts.h"

#include <Poco/Format.h>

#include <algorithm>
#include <utility>

namespace connector {

namespace {

/// However many connections are lost, names are looked up no sooner again.
constexpr std::chrono::milliseconds kSoonest{5000};

} // namespace

/// What is known of one host.
class ConnectorHosts::Host final : private Resolver::Client {
  public:
    /// proxy_: which finds the address; none: it is looked up here.
    Host(ConnectorHosts& hosts, std::string name_, const std::optional<HttpProxy>& proxy_)
        : name(std::move(name_)), proxy(proxy_), isFixed(proxy_), _hosts(hosts) {
        if (proxy) addresses.push_back({.host = name, .proxy = proxy});
    }
    ~Host() { _hosts._resolver.cancel(*this); }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    void lookUp() {
        if (isBusy || isFixed) return;
        isBusy = true;
        _hosts._resolver.lookUp(name, _hosts._port, *this);
    }

    const std::string name;
    const std::optional<HttpProxy> proxy;
    ConnectorAddresses addresses; ///< the latest that were found
    ConnectorAddresses earlier;   ///< those that were found before them
    std::string failure;          ///< why the latest search has found none
    bool isBusy = false;
    bool isFixed; ///< nothing is to be looked up

  private:
    void onResolved(const Resolver::Answer& answer) override {
        isBusy = false;
        isFixed = answer.isNumeric;
        if (!answer.addresses.empty()) earlier = std::exchange(addresses, {});
        for (const auto& address : answer.addresses)
            addresses.push_back({.host = name, .address = address});
        const auto earlierFailure = std::exchange(failure, answer.failure);
        _hosts.onAnswer(*this, earlierFailure);
    }

    ConnectorHosts& _hosts;
};

ConnectorHosts::ConnectorHosts(EventLoop& loop, Resolver& resolver, Poco::Logger& log, std::string name,
                               Owner& owner)
    : _loop(loop), _resolver(resolver), _log(log), _name(std::move(name)), _owner(owner),
      _random(std::random_device()()), _backoff(_random), _timer(loop, [this] { lookUp(); }) {}

ConnectorHosts::~ConnectorHosts() = default;

void ConnectorHosts::follow(const AgentPipeSettings& settings) {
    _port = settings.port;
    _interval = settings.resolveInterval;
    _most = static_cast<std::size_t>(settings.maxAddresses);
    std::vector<std::unique_ptr<Host>> hosts;
    for (const auto& name : settings.hosts) {
        const auto proxy = settings.proxies.to(name);
        const auto known = std::find_if(_hosts.begin(), _hosts.end(), [&](const auto& host) {
            return host && host->name == name && host->proxy == proxy;
        });
        hosts.push_back(known != _hosts.end() ? std::move(*known)
                                              : std::make_unique<Host>(*this, name, proxy));
    }
    _hosts = std::move(hosts);
    _backoff.reset();
    lookUp();
    publish();
}

void ConnectorHosts::lookSoon() {
    if (!_timer.isRunning()) return; // all are being looked up, or there are no names
    const auto soonest = std::max(_loop.now(), _lookedUp + kSoonest);
    if (soonest < _due) startTimer(std::chrono::ceil<std::chrono::milliseconds>(soonest - _loop.now()));
}

void ConnectorHosts::stop() {
    _timer.cancel();
    _hosts.clear();
}

void ConnectorHosts::lookUp() {
    _timer.cancel();
    _isResting = false;
    _lookedUp = _loop.now();
    _isAsking = true; // some answer at once
    for (const auto& host : _hosts)
        host->lookUp();
    _isAsking = false;
    plan();
}

void ConnectorHosts::onAnswer(const Host& host, const std::string& earlierFailure) {
    if (!host.failure.empty() && host.failure != earlierFailure)
        _log.warning("%s: no address of %s was found: %s; %s", _name, host.name, host.failure,
                     host.addresses.empty() ? std::string("it is looked up again")
                                            : std::string("what was known before stays"));
    if (host.failure.empty() && !earlierFailure.empty())
        _log.information("%s: %s was found again", _name, host.name);
    publish();
    plan();
}

/// One that is held is as good as found when only the latest answer lacks it.
ConnectorAddresses ConnectorHosts::found() const {
    ConnectorAddresses found;
    for (const auto& host : _hosts)
        found.insert(found.end(), host->addresses.begin(), host->addresses.end());
    for (const auto& host : _hosts)
        for (const auto& known : host->earlier)
            if (std::find(_held.begin(), _held.end(), known) != _held.end()) found.push_back(known);
    return found;
}

void ConnectorHosts::publish() {
    auto addresses = withHeldFirst(_held, found());
    const auto leftOut = addresses.size() - std::min(addresses.size(), _most);
    addresses.resize(addresses.size() - leftOut);
    if (leftOut > 0 && leftOut != _leftOut)
        _log.warning("%s: %z addresses were found, and %z of them are left out: maxaddresses is %z", _name,
                     addresses.size() + leftOut, leftOut, _most);
    _leftOut = leftOut;
    if (addresses == _held) return;
    _held = addresses;
    _owner.onAddresses(addresses);
}

/// One whose search doesn't end holds up no other: its answer plans again.
void ConnectorHosts::plan() {
    if (_isAsking) return;
    const auto isAny = [&](auto condition) {
        return std::any_of(_hosts.begin(), _hosts.end(), [&](const auto& host) { return condition(*host); });
    };
    const auto isIdle = [](const Host& host) { return !host.isFixed && !host.isBusy; };
    if (!isAny(isIdle)) return;
    if (!isAny([](const Host& host) { return host.addresses.empty(); })) _backoff.reset();
    if (isAny([&](const Host& host) { return isIdle(host) && host.addresses.empty(); })) {
        if (!std::exchange(_isResting, true)) startTimer(std::min(_backoff.next(), _interval));
    } else if (!_timer.isRunning()) {
        startTimer(_interval);
    }
}

void ConnectorHosts::startTimer(std::chrono::milliseconds delay) {
    _due = _loop.now() + delay;
    _timer.start(delay);
}

} // namespace connector
